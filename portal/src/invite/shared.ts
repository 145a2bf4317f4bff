/** Recognises addresses that are not one person's. */

const JOINT = "[-_.]?";
/** Nobody reads them. */
const UNREAD =
  /^(?:(?:no|do[-_.]?not|nicht|ne[-_.]?pas)[-_.]?(?:reply|antworten|repondre)|mailer[-_.]?daemon|bounces?)$/;
/** Roles and groups, in the larger languages. */
const ROLES = new Set(
  (
    "info information office contact kontakt contacto contato contatti hello hallo hola bonjour mail post post-office enquiries inquiries reception " +
    "support help helpdesk service servicedesk sales marketing accounts accounting billing finance invoices orders shop press jobs careers recruiting " +
    "hr rh rrhh it edv admin administrator administration webmaster hostmaster postmaster abuse security privacy legal training academy " +
    "team teams group staff all everyone everybody company people members list newsletter board management " +
    "alle alle-mitarbeiter mitarbeiter belegschaft verwaltung vertrieb sekretariat zentrale empfang personal personalabteilung buero büro buchhaltung rechnung " +
    "tous toutes equipe équipe personnel accueil direction secretariat secrétariat comptabilite " +
    "todos equipo ventas administracion administración recepcion tutti segreteria amministrazione iedereen personeel administratie receptie"
  ).split(" "),
);
const GROUPS = new RegExp(
  `^(?:all|alle|tous|team|dl|group|everyone)[-_.].+$|^.+[-_.](?:team|group|staff|all)$|^all${JOINT}(?:staff|users|employees|company)$`,
);

/** Why an address is not one person's, in a sentence. */
export function notOnePersons(email: string): string | undefined {
  const local = email.slice(0, Math.max(email.lastIndexOf("@"), 0)).toLowerCase();
  if (UNREAD.test(local)) return "Nobody seems to read this address.";
  return ROLES.has(local) || GROUPS.test(local)
    ? "This seems to be the address of a group or role, but an invite is one seat, for one person."
    : undefined;
}
