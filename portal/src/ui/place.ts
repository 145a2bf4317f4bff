/**
 * The place on a page, for *Back* and a reload: pages load their content after the browser has scrolled. It is kept in the entry of the
 * browser's history.
 */

import { isReturning } from "../session";
import { keep, kept } from "../storage";

interface Place {
  top?: number;
  /** How many rows were shown. */
  rows?: number;
  /** The visit of the Deal seats page. */
  visit?: number;
}

/** What was kept of this visit of the page. */
export const placeBefore = (): Place => (history.state as Place | null) ?? {};

export const keepPlace = (place: Place) => history.replaceState({ ...placeBefore(), ...place }, "");

/** Milliseconds without scrolling after which the place is kept: browsers limit how often it may be. */
const REST = 100;
/** Milliseconds in which a page that is long enough may still change above the place. */
const SETTLING = 1000;

const here = () => location.pathname + location.search;

/** What was in view before a reload, which may lead to the issuer and back: that loses the entry of the browser's history. */
function placeToReturnTo(): { page: string; top: number } | undefined {
  const [arrival] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return isReturning() || arrival?.type === "reload" ? (JSON.parse(kept(PLACE) ?? "null") ?? undefined) : undefined;
}
const PLACE = "place";

export function keepPlaces() {
  const before = placeToReturnTo();
  /** Where to scroll once the page is long enough. */
  let wanted = before?.top;
  /** The page for which this is. Undefined: any. */
  let page = before?.page;
  let timer: ReturnType<typeof setTimeout>;
  let settled: ReturnType<typeof setTimeout> | undefined;
  const reach = () => {
    if (wanted === undefined || (page !== undefined && page !== here())) return;
    if (document.documentElement.scrollHeight < wanted + innerHeight) return;
    scrollTo(0, wanted);
    settled ??= setTimeout(leave, SETTLING);
  };
  const leave = () => {
    clearTimeout(settled);
    settled = wanted = page = undefined;
  };
  addEventListener("popstate", () => {
    clearTimeout(timer);
    leave();
    wanted = placeBefore().top;
  });
  addEventListener("scroll", () => {
    if (wanted !== undefined) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      keepPlace({ top: scrollY });
      keep(PLACE, JSON.stringify({ page: here(), top: scrollY }));
    }, REST);
  });
  // A person who scrolls meanwhile decides.
  for (const event of ["wheel", "touchstart", "keydown", "pointerdown"]) {
    addEventListener(event, leave, { capture: true, passive: true });
  }
  new ResizeObserver(reach).observe(document.body);
}
