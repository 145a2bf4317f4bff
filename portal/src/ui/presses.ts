/**
 * The second press of a double click lands on what the first one brought: a text of the next page would be selected.
 * Double clicks that begin in a text select as usual.
 */
let onControl = false;

addEventListener(
  "mousedown",
  (event) => {
    if (event.detail > 1 && onControl) event.preventDefault();
    else onControl = event.target instanceof Element && event.target.closest("button, a, summary, label") !== null;
  },
  true,
);
