/** What a column's title says about its cells, in the larger languages of Europe and in Japanese. */

/** `whole` may turn out to be a family or a first name, by the company it keeps: `Nom` beside `Prénom`. */
export type Kind = "email" | "address" | "whole" | "first" | "last";

const plain = (title: string) =>
  title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/ł/g, "l").replace(/ø/g, "o").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
const setOf = (titles: string) => new Set(titles.split(",").map(plain));

const EMAIL = new RegExp(
  ["mail", "courriel", "correo", "epost", "sahkoposti", "postaelettronica", "elektronickaposta", "elpast", "epast", "почта", "имейл",
    "ηλεκτρονικο", "メール", "邮箱", "邮件", "郵件", "電郵", "이메일"].map((word) => plain(word)).join("|"),
);
/** Titles that speak of mail and hold no addresses. */
const NOT_EMAIL = /mailing|mail ?(stop|code|list|box)|label|type\b|display|status|verified|subject|consent|language|format|notif|\b(no|none|without|kein|keine|sans|missing|sent|opt)\b/;
const ADDRESS = setOf("address,addresses,adresse,adresses,adres,indirizzo,dirección,endereço,adress,アドレス");

const WHOLE = setOf(
  "full name,fullname,name,names,learner,staff,staff member,employee,participant,attendee,student,person,user full name,display name,displayname," +
    "real name,teilnehmer,teilnehmerin,mitarbeiter,anzeigename,vollständiger name,vor und nachname,naam,volledige naam,nom,nom complet," +
    "nom et prénom,nom prénom,prénom et nom,nombre,nombre completo,nombre y apellidos,nome,nome completo,nome e cognome,cognome e nome,nominativo," +
    "namn,navn,fulde navn,nimi,imię i nazwisko,nazwisko i imię,jméno a příjmení,jméno,ime,ime in priimek,ime i prezime,meno,meno a priezvisko,név," +
    "teljes név,nume,nume complet,nume și prenume,vardas pavardė,όνομα,ονοματεπώνυμο,име,имя,фио,氏名,名前,お名前,姓名,이름,성명",
);
const FIRST = setOf(
  "first,first name,firstname,given,given name,givenname,forename,forenames,vorname,prénom,prénoms,voornaam,roepnaam,förnamn,fornavn,etunimi,imię," +
    "křestní jméno,keresztnév,utónév,prenume,primeiro nome,primer nombre,vardas,vārds,eesnimi,собствено име,名",
);
const LAST = setOf(
  "last,last name,lastname,family,family name,familyname,surname,nachname,familienname,nom de famille,achternaam,efternamn,etternavn,efternavn," +
    "sukunimi,nazwisko,příjmení,priezvisko,prezime,priimek,vezetéknév,apellido,apellidos,cognome,sobrenome,apelido,apelidos,pavardė,uzvārds," +
    "perekonnanimi,επώνυμο,фамилия,姓",
);
const ROLE = /^(learner|staff|employee|participant|student|member|attendee|delegate|invitee|contact|legal|preferred) (?=.*name)/;
/** Columns of text that nobody takes for names. */
const OTHER =
  /department|abteilung|service|departamento|reparto|afdeling|avdelning|部署|dział|company|organi[sz]ation|firma|société|empresa|title|job|role|rolle|position|funktion|group|team|country|city|location|site|status|phone|telefon|\bid\b|path|language|date|time|street|region|office|password|notes?\b|username|url|gender|type|label|manager|supervisor|vorgesetzt/;

/** A title without what is said in brackets: `Email Address [Required]`. */
const unbracketed = (title: string) => title.normalize("NFKC").replace(/\[[^\]]*\]|\([^)]*\)|\*/g, " ");

const LONGEST_TITLE = 80;

export function kindOf(title: string): Kind | undefined {
  if (title.length > LONGEST_TITLE) return undefined;
  const words = plain(unbracketed(title));
  const name = words.replace(ROLE, "");
  // A line that was not taken apart is not a title, nor is a sentence.
  if (/[,;|]/.test(title) || words.split(" ").length > 6) return undefined;
  if (EMAIL.test(words.replace(/ /g, "")) && !NOT_EMAIL.test(words)) return "email";
  if (ADDRESS.has(words)) return "address";
  if (FIRST.has(name)) return "first";
  if (LAST.has(name)) return "last";
  return WHOLE.has(name) ? "whole" : undefined;
}

export const isOther = (title: string) => OTHER.test(plain(title));

/** Whether a title is that of a second or third address: `E-mail 2 - Value`. */
export const isFurther = (title: string) => /[2-9]/.test(plain(title));

const OTHERS_ADDRESS = /manager|supervisor|boss|approver|vorgesetzt|fuhrungskraft|superieur|responsable|chef|leidinggevende|jefe|gestor|assistant|sponsor|parent|guardian|emergency|mentor|上司/;
const PRIVATE_ADDRESS = /recovery|personal|private|privat|\bperso\b|prive|home|second|alternat|backup|other|previous|former|\bold\b|自宅|個人/;
const WORK_ADDRESS = /work|business|company|corporate|primary|professional|professionnel|dienst|geschaft|arbeit|trabajo|lavoro|会社/;

export const isSomebodyElses = (title: string) => OTHERS_ADDRESS.test(plain(title));

/** How far an address column is from the one that is meant: somebody else's is further than a private one. */
export function distance(title: string): number {
  const words = plain(title);
  if (isSomebodyElses(title)) return 5;
  if (PRIVATE_ADDRESS.test(words)) return 4;
  if (isFurther(title)) return 3;
  const kind = kindOf(title);
  if (kind === undefined) return 2;
  return WORK_ADDRESS.test(words) ? 0 : 1;
}
