/**
 * A text that changes while the page is open.
 *
 * Chrome's page translation puts elements of its own in the place of text nodes. Preact keeps the nodes, and changes
 * those, where nobody sees it. So a text that changes is one string, alone in an element that is replaced with it.
 */
export const Text = ({ children }: { children: string | number }) => <span key={children}>{children}</span>;
