/**
 * A text that changes while the page is open.
 *
 * Chrome's page translation replaces text nodes, and Preact would then update the removed node, unseen. So a text that
 * changes is one string, alone in an element that is replaced with it.
 */
export const Text = ({ children }: { children: string | number }) => <span key={children}>{children}</span>;

/** An address that may break after its `@` and its dots, before it breaks within a word. */
export const Address = ({ email }: { email: string }) => (
  <span key={email}>
    {email.split(/(?<=[@.])/).flatMap((part, place) => (place === 0 ? [part] : [<wbr key={place} />, part]))}
  </span>
);
