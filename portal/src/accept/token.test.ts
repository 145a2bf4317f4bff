import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { kept } from "../storage";
import {
  BEFORE,
  dropToken,
  isElsewhere,
  keepToken,
  leaveForInvitation,
  setAside,
  takeToken,
  token,
  tokenInAddress,
  tokenPasted,
} from "./token";

const TOKEN = "AQEBAQEBAQEBAQEBAQEBAQICAgICAgICAgICAgICAgIDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD-_";
const LINK = `https://seats.example/accept#${TOKEN}`;
const OTHER = TOKEN.replaceAll("A", "B");
const once = encodeURIComponent(LINK);
const twice = encodeURIComponent(once);
/** Proofpoint's v2 form: percent-encoded, with `-` for `%` and `_` for `/`. */
const proofpoint2 = LINK.replace(/[-_#:]/g, (sign) => `-${sign.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll(
  "/",
  "_",
);

describe("the address", () => {
  it.each([
    ["unchanged", `/accept#${TOKEN}`],
    ["of the page's file", `/accept/#${TOKEN}`],
    ["with slashes doubled", `//accept//#${TOKEN}`],
    ["with its hash sign encoded", `/accept%23${TOKEN}`],
    ["with its hash sign encoded twice", `/accept%2523${TOKEN}`],
    ["with its hash sign encoded, after a slash", `/accept/%23${TOKEN}`],
    ["with a query before the hash sign", `/accept?utm_source=mail&x=1#${TOKEN}`],
    ["with a query before the encoded hash sign", `/accept?utm_source=mail%23${TOKEN}`],
    ["with a campaign parameter", `/accept#${TOKEN}&utm_source=x`],
    ["with a query after it", `/accept#${TOKEN}?x=y`],
    ["with a query after its encoded hash sign", `/accept%23${TOKEN}?utm_source=x`],
    ["with another fragment after it", `/accept%23${TOKEN}#:~:text=you`],
    ["with brackets around it", `/accept#<${TOKEN}>`],
    ["with encoded brackets around it", `/accept#%3C${TOKEN}%3E`],
    ["in quotes", `/accept#"${TOKEN}"`],
    ["at the end of a sentence", `/accept#${TOKEN}).`],
    ["with encoded blanks", `/accept#%20${TOKEN}%0D%0A`],
    ["with letters after it", `/accept#${TOKEN}Accept`],
    ["in capitals", `/ACCEPT#${TOKEN}`],
    ["with a letter of its path encoded", `/%61ccept#${TOKEN}`],
    ["of the page's own file", `/accept.html%23${TOKEN}`],
    ["at another path", `/x/accept#${TOKEN}`],
    ["at no path", `/#${TOKEN}`],
    ["with a query and no path", `/?utm_source=mail#${TOKEN}`],
    ["with its hash sign lost", `/accept${encodeURIComponent("\u200b")}/${TOKEN}`],
    ["with its hash sign removed", `/accept${TOKEN}`],
    ["with a hyphen for its hash sign's percent sign", `/accept-23${TOKEN}`],
    ["with escaped signs", `/accept#${TOKEN.replace("-_", "%5C-%5C_")}`],
    ["with typographic hyphens", `/accept#${TOKEN.replace("-", encodeURIComponent("\u2011"))}`],
    ["in the query", `/accept?${TOKEN}`],
    ["in the path", `/accept/${TOKEN}`],
    ["in the path, with a query and a fragment", `/accept/${TOKEN}?utm_source=x#top`],
    ["with a full-width hash sign", `/accept${encodeURIComponent("＃")}${TOKEN}`],
    ["with its hash sign as an entity", `/accept&#35;${TOKEN}`],
    ["with its hash sign as an encoded entity", `/accept%26amp%3B%23x23%3B${TOKEN}`],
    ["with a name before the token", `/accept#token=${TOKEN}`],
    ["with other names before the token", `/accept#utm_source=x&token=${TOKEN}`],
    ["with the rest of a quoted-printable sign", `/accept#3D${TOKEN}`],
    ["with the rest of a quoted-printable sign, and letters after the token", `/accept#3D${TOKEN}Accept`],
    ["with a quoted-printable sign after a name", `/#token=3D${TOKEN}`],
    ["with its hash sign quoted-printable", `/accept=23${TOKEN}`],
    ["after a click id of the same length", `/deals?click=${OTHER}#${TOKEN}`],
    ["beside a list's cursor", `/deals/x?after=${OTHER}&x=${TOKEN}`],
    ["after bytes that are not UTF-8", `/accept%ff%23${TOKEN}`],
  ])("%s has the token", (_, address) => expect(tokenInAddress(address)).toBe(TOKEN));

  it.each([
    ["/accept#AAAA", "AAAA"],
    ["/accept%23what?else", "what"],
    [`/accept#${TOKEN.slice(1)}`, TOKEN.slice(1)],
    ["/accept", undefined],
    ["/accept/", undefined],
    ["/accept#", undefined],
    ["/accept#%", undefined],
    ["/accept/more", undefined],
    [`/accept?code=${TOKEN}&state=x`, undefined],
    [`/deals/x?status=expired&after=${TOKEN}`, undefined],
    [`/#x${TOKEN}`, undefined],
    [`/#${TOKEN}x`, undefined],
    [`/x${TOKEN}`, undefined],
    ["/x#AAAA", undefined],
    ["/accept?id=2345", undefined],
    ["/accept#token=AAAA", "AAAA"],
  ])("%s has %s", (address, token) => expect(tokenInAddress(address)).toBe(token));
});

describe("a pasted text", () => {
  it.each([
    ["a link", LINK],
    ["a link in brackets", ` <${LINK}>. `],
    ["the token alone", TOKEN],
    ["the token with its hash sign", `#${TOKEN}`],
    ["the token in quotes", ` "${TOKEN}"\n`],
    ["a link with text after it", `${LINK}\n\nAccept by 21 December 2026, 15:04 UTC. You can sign in with`],
    ["a link within a sentence", `Click here to accept this invitation: ${LINK}, said the mail`],
    ["a link broken over two lines", `https://seats.example/accept#${TOKEN.slice(0, 30)}\n ${TOKEN.slice(30)}`],
    ["a quoted reply", `> Click here to accept this invitation:\n>\n> ${LINK}\n>\n> Accept by 21 December`],
    [
      "a quoted reply to a reply, broken",
      `> > https://seats.example/accept#${TOKEN.slice(0, 40)}\r\n> > ${TOKEN.slice(40)}\r\n> > Accept by`,
    ],
    [
      "a mail's source with soft line breaks",
      `https://seats.example/accept#${TOKEN.slice(0, 30)}=\r\n${TOKEN.slice(30, 60)}=\n${TOKEN.slice(60)}\r\n`,
    ],
    [
      "a link with invisible characters in it",
      `https://seats.example/accept#${TOKEN.slice(0, 30)}\u200b${TOKEN.slice(30, 60)}\u00ad${TOKEN.slice(60)}`,
    ],
    [
      "a whole link below a truncated one",
      `https://seats.example/accept#${TOKEN.slice(0, 9)}…\nhttps://seats.example/accept#${TOKEN}`,
    ],
    [
      "a link of Safe Links",
      `https://eur03.safelinks.protection.outlook.com/?url=${once}&data=05%7C02%7Cann%40example.com%7C3f1c&sdata=V2x%2Bz%3D&reserved=0`,
    ],
    [
      "a link of Safe Links, encoded twice",
      `https://nam11.safelinks.protection.outlook.com/?url=${twice}&data=05%7C01&reserved=0`,
    ],
    [
      "a link of Safe Links with the hash sign still encoded",
      `https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fseats.example%2Faccept%2523${TOKEN}&data=05`,
    ],
    [
      "a link of Safe Links in a mail's source",
      `<a href=3D"https://eur03.safelinks.protection.outlook.com/?url=3D${once.slice(0, 44)}=\r\n${once.slice(44)}&amp;data=3D05">`,
    ],
    [
      "a Proofpoint v2 link",
      `https://urldefense.proofpoint.com/v2/url?u=${proofpoint2}&d=DwMFaQ&c=euGZstcaTDllvimEN8b7jXrwqOf-v5A_CdpgnVfiiMM&r=x&m=y&s=z&e=`,
    ],
    [
      "a Proofpoint v3 link",
      `https://urldefense.com/v3/__https://seats.example/accept*${TOKEN}__;Iw!!Mih3wA!Cx9n-k_2$`,
    ],
    [
      "a Proofpoint v3 link with an encoded hash sign",
      `https://urldefense.us/v3/__https://seats.example/accept*23${TOKEN}__;JQ!!Mih3wA!Cx9n$`,
    ],
    [
      "a Proofpoint v3 link with a run",
      `https://urldefense.com/v3/__https://seats.example/accept/**A${TOKEN}__;PyM!!Mih3wA!Cx9n$`,
    ],
    [
      "a Proofpoint v3 link with nothing replaced",
      `https://urldefense.com/v3/__https://seats.example/accept%23${TOKEN}__;!!Mih3wA!Cx9n$`,
    ],
    [
      "a Proofpoint link inside Safe Links",
      `https://eur03.safelinks.protection.outlook.com/?url=${encodeURIComponent(`https://urldefense.proofpoint.com/v2/url?u=${proofpoint2}&d=DwMFaQ`)}&data=05`,
    ],
    ["a Google link", `https://www.google.com/url?q=${once}&source=gmail&ust=1764200000000000&sa=E&usg=AOvVaw3`],
    ["a Google link, encoded twice", `https://www.google.com/url?q=https://seats.example/accept%2523${TOKEN}&sa=D`],
    [
      "a Barracuda link",
      `https://linkprotect.cudasvc.com/url?a=${once.toLowerCase().replace(TOKEN.toLowerCase(), TOKEN)}&c=E,1,Yk9-xx_y&typo=1`,
    ],
    ["a Sophos link", `https://eu-west-1.protection.sophos.com?d=seats.example&u=${btoa(LINK)}&p=m&i=NjA1&s=8c1b`],
    [
      "a Sophos link, encoded",
      `https://eu-west-1.protection.sophos.com/?d=seats.example&u=${encodeURIComponent(btoa(`${LINK}&a`))}&p=m`,
    ],
    ["a link in Markdown", LINK.replace("-_", "\\-\\_")],
    ["a link in TeX", LINK.replace("#", "\\#")],
    ["a link in RTF", LINK.replace("#", "\\'23")],
    ["a link in JSON", LINK.replace("#", "\\u0023")],
    ["a link with typographic hyphens", LINK.replace("-", "\u2011")],
    ["a link with a minus sign", LINK.replace("-", "\u2212")],
    ["a link with quoted-printable signs", LINK.replace("-_", "=2D=5F")],
    [
      "a link with HTML line breaks",
      `https://seats.example/accept#${TOKEN.slice(0, 20)}<wbr>${TOKEN.slice(20, 40)}<br/>\n${TOKEN.slice(40, 60)}&shy;${TOKEN.slice(60, 70)}&#8203;${TOKEN.slice(70)}`,
    ],
    ["a Cisco link", `https://secure-web.cisco.com/1Abc-d_e/${once}`],
    ["a link with its hash sign as an entity", LINK.replace("#", "&#35;")],
    ["a link with a full-width hash sign", LINK.replace("#", "＃")],
    ["a link with a name before the token", LINK.replace("#", "#token=")],
    ["a link with the rest of a quoted-printable sign", LINK.replace("#", "#3D")],
    ["a link without a hash sign", LINK.replace("#", "?")],
    ["the token with its name", `#token=${TOKEN}`],
    ["the token with the rest of a quoted-printable sign", `#3D${TOKEN}`],
  ])("that is %s has the token", (_, text) => expect(tokenPasted(text, "seats.example")).toBe(TOKEN));

  const MIMECAST = "https://protect-eu.mimecast.com/s/W3nYCZ0p8tKzO1ySNl2Qw?domain=seats.example";
  it.each([
    "",
    "hello",
    "https://seats.example/accept",
    "https://seats.example/accept#",
    "ann@example.com",
    TOKEN.slice(1),
    `${TOKEN}A`,
    MIMECAST,
    `https://url.uk.m.mimecastprotect.com/s/${TOKEN}?domain=seats.example`,
    `https://urldefense.proofpoint.com/v2/url?u=https-3A__example.com_&d=${TOKEN}`,
    "https://urldefense.com/v3/__https://seats.example/__;Iw!!x$",
  ])("that is %o has no token", (text) => expect(tokenPasted(text, "seats.example")).toBeUndefined());

  it.each([
    [MIMECAST, true],
    ["see HTTPS://Seats.Example/accept", false],
    ["https://seats.example:8443/accept", true],
    ["hello", false],
  ])("%o leads elsewhere: %s", (text, elsewhere) => expect(isElsewhere(text, "seats.example")).toBe(elsewhere));
});

it.each([
  ["/", "", `#${TOKEN}`, true],
  ["/deals/x", `?${TOKEN}`, "", true],
  ["/", `?code=x&state=y`, `#${TOKEN}`, false],
  ["/x/accept", "", "#AAAA", false],
])("another page at %s%s%s leads to the invitation: %s", (pathname, search, hash, leaves) => {
  const steps: string[] = [];
  vi.stubGlobal("history", { replaceState: (_: null, __: string, address: string) => steps.push(address) });
  vi.stubGlobal("location", { pathname, search, hash, replace: (address: string) => steps.push(address) });
  expect(leaveForInvitation()).toBe(leaves);
  expect(steps).toEqual(leaves ? ["/", `/accept#${TOKEN}`] : []);
  vi.unstubAllGlobals();
});

describe("the way to the own seats", () => {
  /** Opens an address in the tab, as a full load. */
  const open = (path: string) => {
    token.value = null;
    vi.stubGlobal("location", new URL(path, "https://seats.example"));
    takeToken();
  };
  beforeEach(() => vi.stubGlobal("history", { replaceState: () => undefined }));
  afterEach(() => (dropToken(), vi.unstubAllGlobals()));

  it.each(["/accept", "/accept?code=x&state=y"])("sets the invite from before aside, for %s", (path) => {
    open(`/accept#${TOKEN}`);
    setAside();
    open(path);
    expect([token.value, kept(BEFORE)]).toEqual([null, TOKEN]);
    setAside();
    expect(kept(BEFORE)).toBe(TOKEN);
  });

  it("ends with another link", () => {
    open(`/accept#${TOKEN}`);
    setAside();
    open(`/accept#${OTHER}`);
    open("/accept");
    expect(token.value).toBe(OTHER);
  });

  it("keeps no token of a link that can do nothing more", () => {
    open(`/accept#${TOKEN}`);
    setAside();
    keepToken(kept(BEFORE)!);
    dropToken();
    expect([token.value, kept(BEFORE)]).toEqual([null, null]);
  });
});
