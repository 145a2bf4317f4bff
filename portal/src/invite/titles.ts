/** The meaning of column titles, in the languages of the EU and some others. */

/** `whole` may be a family or first name, depending on other columns: `Nom` beside `Prénom`. */
export type Kind = "email" | "address" | "whole" | "first" | "infix" | "last";

const plain = (title: string) =>
  title
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, " ")
    .toLowerCase()
    .replace(/ł/g, "l")
    .replace(/ø/g, "o")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
const setOf = (titles: string) => new Set(titles.split(",").map(plain));

const EMAIL = new RegExp(
  `${[
    "mail",
    "courriel",
    "electronique",
    "correo",
    "epost",
    "sahkoposti",
    "postaelettronica",
    "elektronickaposta",
    "poczta",
    "elpast",
    "epast",
    "почта",
    "имейл",
    "correio",
    "postaelectronica",
    "enaslov",
    "elektronskinaslov",
    "elettroniku",
    "ríomhpho",
    "ηλεκτρονικ",
    "メール",
    "邮箱",
    "邮件",
    "郵件",
    "電郵",
    "이메일",
  ]
    .map((word) => plain(word))
    .join("|")}|^(?:adresse)?mel(?:pro.*)?$`,
);
/** Titles that mention mail, but whose columns have no addresses. */
const NOT_EMAIL =
  /mailing|mail ?(stop|code|list|box)|label|type\b|display|status|verified|subject|consent|language|format|notif|\b(no|none|without|kein|keine|sans|missing|sent|opt)\b/;
const ADDRESS = setOf("address,addresses,adresse,adresses,adres,indirizzo,dirección,endereço,adress,アドレス");

const WHOLE = setOf(
  "full name,fullname,name,names,learner,staff,staff member,employee,participant,attendee,student,person,user full name,display name,displayname," +
    "real name,teilnehmer,teilnehmerin,mitarbeiter,anzeigename,vollständiger name,vor und nachname,naam,volledige naam,nom,nom complet," +
    "nom et prénom,nom prénom,prénom et nom,nombre,nombre completo,nombre y apellidos,nome,nome completo,nome e cognome,cognome e nome,nominativo," +
    "namn,navn,fulde navn,nimi,imię i nazwisko,nazwisko i imię,jméno a příjmení,jméno,ime,ime in priimek,ime i prezime,meno,meno a priezvisko,név," +
    "worker,isem,ainm,teljes név,nume,nume complet,nume și prenume,vardas pavardė,όνομα,ονοματεπώνυμο,име,имя,фио,氏名,名前,お名前,姓名,이름,성명",
);
const FIRST = setOf(
  "first,first name,firstname,given,given name,givenname,forename,forenames,vorname,prénom,prénoms,voornaam,roepnaam,förnamn,fornavn,etunimi,imię," +
    "křestní jméno,keresztnév,utónév,prenume,primeiro nome,nome próprio,primer nombre,vardas,vārds,eesnimi,céadainm,собствено име,名",
);
const LAST = setOf(
  "last,last name,lastname,family,family name,familyname,surname,nachname,familienname,nom de famille,achternaam,efternamn,etternavn,efternavn," +
    "sukunimi,nazwisko,příjmení,priezvisko,prezime,priimek,vezetéknév,apellido,apellidos,cognome,sobrenome,apelido,apelidos,pavardė,uzvārds," +
    "perekonnanimi,perenimi,kunjom,sloinne,sn,primer apellido,apellido paterno,apellido 1,επώνυμο,επίθετο,фамилия,姓,성",
);
/** The first part of a Dutch family name, in a column of its own. */
const INFIX = setOf("tussenvoegsel,tussenvoegsels,voorvoegsel,voorvoegsels");
/** Titles of both logins and names: the cells decide. */
const LOGIN = setOf("user name,username,user,cn");
/** Logins that look like addresses, and mostly are addresses. */
const PRINCIPAL = setOf("user principal name,upn");
const ROLE =
  /^(?:what is |please enter |enter )?(?:your )?(?:(?:(?:legal|preferred) name|learner|staff|employee|participant|student|member|attendee|delegate|invitee|(?:primary |main )?contact|legal|preferred|profile) (?:s )?)?(?=.*name|first$|last$)/;
/** Text columns without names to greet by. Matched without accents, and without the voiced mark of `ガ`. */
const OTHER =
  /department|abteilung|service|departamento|reparto|afdeling|avdelning|部署|dział|company|organi[sz]ation|firma|société|empresa|title|job|role|rolle|position|funktion|group|team|country|city|location|site|status|phone|telefon|\bid\b|path|language|date|time|street|region|office|password|notes?\b|username|url|gender|type|label|manager|supervisor|vorgesetzt|middle|nickname|カナ|かな/;

/** Removes brackets: `Email Address [Required]`. */
const unbracketed = (title: string) => title.normalize("NFKC").replace(/\[[^\]]*\]|\([^)]*\)|\*/g, " ");

const LONGEST_TITLE = 80;

export function kindOf(title: string): Kind | undefined {
  if (title.length > LONGEST_TITLE) return undefined;
  const own = unbracketed(title);
  const words = plain(own);
  const name = words.replace(ROLE, "");
  if (/^(?:last|family)[^,;|\t]*, (?:first|given)[^,;|\t]*$/i.test(own)) return "whole";
  // An unsplit line is not a title, nor is a sentence.
  if (/[,;|\t]/.test(own) || words.split(" ").length > 6) return undefined;
  if (EMAIL.test(words.replace(/ /g, "")) && !NOT_EMAIL.test(words)) return "email";
  if (ADDRESS.has(words)) return "address";
  if (FIRST.has(name)) return "first";
  if (LAST.has(name)) return "last";
  if (INFIX.has(name)) return "infix";
  return WHOLE.has(name) ? "whole" : undefined;
}

export const isPrincipal = (title: string) => PRINCIPAL.has(plain(title));
export const isLogin = (title: string) => LOGIN.has(plain(title));
export const isOther = (title: string) => OTHER.test(plain(title));

/** The only words allowed in the title of the learner's own address. The page asks about a title with other words. */
const PLAIN_WORDS = setOf(
  // Mail and address
  "e,mail,mails,mailová,email,emails,courriel,correo,electrónico,electronico,elettronica,elettronico,électronique,eletrónico,post,epost,sähköposti,posta,elektronická," +
    "pošta,poczta,elektroniczna,elpastas,pastas,el,epasts,pasts,почта,электронная,имейл,эл,cím,ηλεκτρονικό,ταχυδρομείο,メール,電子,邮箱,邮件,電子郵件,電郵,이메일," +
    "address,addresses,adresse,adress,adressen,adresa,adresová,adres,indirizzo,dirección,endereço,adresă,osoite,adrese,адрес,アドレス,地址,주소," +
    "pasta,pašto,adresas,correio,poștă,electronică,pošte,emailová,naslov,elektronski,indirizz,elettroniku,tal,ríomhphost,ríomhphoist,seoladh,mél,ηλεκτρονική,ηλεκτρονικού,ταχυδρομείου,διεύθυνση," +
    // Fillers
    "id,value,profile,required,optional,read only,1,your,please,enter,what,is,the,of,de,di,do,da,del,du,des,d,l,s," +
    // Work
    "work,business,company,corporate,primary,main,official,professional,office,professionnel,professionnelle,pro,travail,dienst,dienstlich,dienstliche,geschäft," +
    "geschäftlich,geschäftliche,arbeit,beruflich,berufliche,firmen,trabajo,laboral,corporativo,lavoro,aziendale,trabalho,profissional,werk,zakelijk,zakelijke,jobb," +
    "arbete,arbejde,arbejds,służbowy,służbowa,firmowy,firemní,pracovní,рабочая,рабочий,служебная,корпоративная,会社,公司,工作,회사," +
    // The learner
    "learner,learners,staff,employee,employees,participant,participants,attendee,student,user,delegate,colleague,mitarbeiter,mitarbeiterin,teilnehmer,teilnehmerin," +
    "lernende,employé,apprenant,empleado,participante,dipendente,partecipante,funcionário,colaborador,medewerker,deelnemer,pracownika,uczestnika,сотрудника,участника," +
    "社員,受講者,员工,学员",
);
/** Compounds of the same words: `Mailadresse`. */
const COMPOUND = new RegExp(`^(?:${[...PLAIN_WORDS].filter((word) => word.length > 1).join("|")})+$`);

/** Whether a title clearly means the learners' own addresses, which are to be invited. */
export function isPlainAddress(title: string): boolean {
  const kind = kindOf(title);
  const words = plain(title)
    .replace(/^work contact /, "")
    .split(" ");
  return (
    kind === "address" ||
    isPrincipal(title) ||
    (kind === "email" && words.every((word) => PLAIN_WORDS.has(word) || COMPOUND.test(word)))
  );
}

const WORK_ADDRESS =
  /work|business|company|corporate|professional|\bpro\b|dienst|geschaft|arbeit|trabajo|lavoro|sluzbow|рабоч|会社|公司/;

/** Sorts address columns: work addresses first, logins last. */
export const distance = (title: string) => (isPrincipal(title) ? 2 : WORK_ADDRESS.test(plain(title)) ? 0 : 1);

/** Words for an address that is not the learner's own: a boss's, a private one, a sender's. */
const OTHERS =
  /^(?:manager|mgr|supervis|boss$|approve|vorgesetz|fuhrungskraft|superieur|responsab|chef|leidinggevend|jefe|gestor|assist|sekret|secretar|sponsor|parent|guardian|emergency|mentor|tutor|tuteur|coach$|owner|contact|kontakt|ansprech|question|ruckfrage|teamlei|reports?$|reporting$|hr$|hrbp$|przelozon|руководител|начальник|上司|经理|private?$|privat|priv$|perso$|personal|personnel|pessoal|prywatn|личн|recovery|home$|secondary|alternat|backup|previous|former|自宅|個人|私人|from$|von$|de$|da$|fra$|fran$|od$|от$|sender|absender|reply|return|message$|references$|received|delivered|envelope|sent$|gesendet|enviado|date$|datum|fecha|subject|betreff|objet$|asunto|exported|created|generated|erstellt|exportiert|差出人|发件人)/;
const AROUND_OTHERS = setOf(
  "line,team,lead,head,department,to,by,of,for,an,path,id,in,x,original,the,her,his,name,email,mail,e,address,addresses,adresse,work,n 1,1,n,s",
);

/** Whether a label says that an address is not the learner's own. All of its words have to be known. */
export function isSomebodyElses(label: string): boolean {
  const words = plain(label).split(" ");
  return (
    label.length <= LONGEST_TITLE &&
    words.some((word) => OTHERS.test(word)) &&
    words.every((word) => OTHERS.test(word) || AROUND_OTHERS.has(word))
  );
}
