/**
 * A text that changes while the page is open.
 *
 * Chrome's page translation replaces text nodes, and Preact would then update the removed node, unseen. So a text that
 * changes is one string, alone in an element that is replaced with it.
 */
export const Text = ({ children }: { children: string | number }) => <span key={children}>{children}</span>;

/** An address that may break after its `@`. */
export function Address({ email }: { email: string }) {
  const at = email.lastIndexOf("@") + 1;
  return (
    <span key={email}>
      {email.slice(0, at)}
      <wbr />
      {email.slice(at)}
    </span>
  );
}
