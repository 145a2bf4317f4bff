import fc from "fast-check";
import Papa from "papaparse";
import { describe, expect, it } from "vitest";
import type { InviteRow } from "../api";
import { type Columns, EVERY } from "./columns";
import { HONORIFICS, isSuffix, NO_NAMES } from "./name";
import { type LeftOut as LeftOutText, type Reason, readList as readTexts, whyNobody } from "./parse";
import type { Recipient } from "./recipients";
import { isSomebodyElses } from "./titles";

const ANN = { email: "ann@example.com", name: "Ann Doe" };
const BOB = { email: "bob@example.com", name: "Bob Roe" };
const ann = { email: ANN.email };
const bob = { email: BOB.email };

type LeftOut = Partial<Record<Reason, number>>;

/** The list in a text, with the number of lines that are left out for each reason. */
function readList(text: string, answers?: readonly Columns[]) {
  const list = readTexts(text, answers);
  if ("question" in list) return list;
  const leftOut: LeftOut = {};
  for (const { reason } of list.leftOut) leftOut[reason] = (leftOut[reason] ?? 0) + 1;
  return { ...list, leftOut };
}

/** The rows of a text without a question. */
function parseAddresses(text: string): InviteRow[] {
  const list = readList(text);
  if ("question" in list) throw new Error(`asked about ${list.question.labels.join(", ")}`);
  return list.rows;
}

/** The question about a text, with titles instead of column numbers. */
function questionAbout(text: string) {
  const list = readList(text);
  if (!("question" in list)) return undefined;
  const { labels, addresses, names, guess } = list.question;
  const label = (column: number | undefined) => (column === undefined ? undefined : labels[column]);
  return {
    addresses: addresses.map(label),
    names: names.map(label),
    guess: [guess.email, guess.name, guess.family].map(label).filter(Boolean),
  };
}

describe("what people paste", () => {
  it.each<[what: string, text: string, rows: Recipient[]]>([
    ["nothing", "", []],
    ["blanks", " \n\t\n , ; \n", []],
    ["one address", "ann@example.com", [ann]],
    ["lines", "ann@example.com\nbob@example.com\n", [ann, bob]],
    ["Windows' lines", "ann@example.com\r\n\r\nbob@example.com\r\n", [ann, bob]],
    ["commas", "ann@example.com, bob@example.com,", [ann, bob]],
    ["semicolons", "ann@example.com;bob@example.com;", [ann, bob]],
    ["tabs", "ann@example.com\tbob@example.com", [ann, bob]],
    ["spaces", "ann@example.com bob@example.com", [ann, bob]],
    ["commas and semicolons", "ann@example.com, bob@example.com; ann@example.com", [ann, bob, ann]],
    ["a semicolon in one line of many", "ann@example.com;bob@example.com\nann@example.com", [ann, bob, ann]],
    ["a recipient", "Ann Doe <ann@example.com>", [ANN]],
    ["a space before the dot", "ann@acme .example", [{ email: "ann@acme .example" }]],
    ["a space behind the dot", "ann@acme. example", [{ email: "ann@acme. example" }]],
    [
      "a space before the dot, and a name",
      "Ann Doe ann@acme .example",
      [{ email: "ann@acme .example", name: "Ann Doe" }],
    ],
    [
      "a comma for a dot in a table",
      "Name,Email\nAnn Doe,ann@example.com\nbob@acme,example",
      [ANN, { email: "bob@acme,example" }],
    ],
    [
      "a comma for a dot in a table, and a name",
      "Email,Name\nann@example.com,Ann Doe\nbob@acme,example,Bob Roe",
      [ANN, { email: "bob@acme,example", name: "Bob Roe" }],
    ],
    ["recipients", "Ann Doe <ann@example.com>, Bob Roe <bob@example.com>", [ANN, BOB]],
    ["recipients in lines", "Ann Doe <ann@example.com>,\nBob Roe <bob@example.com>", [ANN, BOB]],
    ["recipients with and without names", "ann@example.com, Bob Roe <bob@example.com>", [ann, BOB]],
    ["brackets only", "<ann@example.com>; <bob@example.com>", [ann, bob]],
    ["a quoted name", '"Doe, Ann" <ann@example.com>, "Bob Roe" <bob@example.com>', [ANN, BOB]],
    ["quotes in a quoted name", String.raw`"Ann \"A\" Doe" <ann@example.com>`, [{ ...ANN, name: 'Ann "A" Doe' }]],
    ["a quoted name, and a semicolon", '"Doe, Ann" <ann@example.com>;', [ANN]],
    [
      "short names that are like other words",
      "Doe, At <ann@example.com>; Ka <bob@example.com>",
      [
        { email: "ann@example.com", name: "At Doe" },
        { email: "bob@example.com", name: "Ka" },
      ],
    ],
    [
      "a name with a long number",
      "Trainee 2024 <ann@example.com>",
      [{ email: "ann@example.com", name: "Trainee 2024" }],
    ],
    ["Outlook's names", "Doe, Ann <ann@example.com>; Roe, Bob <bob@example.com>", [ANN, BOB]],
    ["commas in names and between them", "Doe, Ann <ann@example.com>, Roe, Bob <bob@example.com>", [ANN, BOB]],
    ["an address for a name", "'ann@example.com' <ann@example.com>; \"bob@example.com\" <bob@example.com>", [ann, bob]],
    ["recipients in quoted cells", '"Doe, Ann <ann@example.com>"\n"Roe, Bob <bob@example.com>"', [ANN, BOB]],
    ["a name after the brackets", "<ann@example.com>\tAnn Doe", [ANN]],
    ["a link", "mailto:ann@example.com?subject=Hello", [ann]],
    ["a link in brackets", "Ann Doe <mailto:ann@example.com>", [ANN]],
    ["quoted addresses", "'ann@example.com', \"bob@example.com\"", [ann, bob]],
    ["a name before an address", "Ann Doe ann@example.com\nBob Roe bob@example.com", [ANN, BOB]],
    ["a name after an address", "ann@example.com (Ann Doe)", [ANN]],
    ["a full stop", "ann@example.com.", [ann]],
    ["invisible characters", "\ufeff\u00a0ann@exam\u200bple.com\u00a0\nbob@example.com\u200f", [ann, bob]],
    ["name, address", "Ann Doe,ann@example.com\nBob Roe,bob@example.com", [ANN, BOB]],
    ["address, name", "ann@example.com\tAnn Doe\nbob@example.com\tBob Roe", [ANN, BOB]],
    ["name, address and semicolons in a line", "Ann Doe, ann@example.com; Bob Roe, bob@example.com", [ANN, BOB]],
    ["a comma in a name, with semicolons", "Doe, Ann;ann@example.com", [ANN]],
    ["a column of numbers", "1\tAnn Doe\tann@example.com\n2\tBob Roe\tbob@example.com", [ANN, BOB]],
    ["more columns than a name has", "Ann\tDoe\tann@example.com\tSales", [{ ...ann, beside: ["Ann", "Doe", "Sales"] }]],
    ["a header", "Name;E-Mail\nAnn Doe;ann@example.com\nBob Roe;bob@example.com", [ANN, BOB]],
    ["a header of one column", "Email address\nann@example.com\nbob@example.com", [ann, bob]],
    ["a header alone", "email,name", []],
    ["a header before recipients", "Name,Email\nAnn Doe,<ann@example.com>", [ANN]],
    ["first and last name", "Last name,First name,Department,Mail\nDoe,Ann,Sales,ann@example.com", [ANN]],
    [
      "the columns of an address book",
      "Given Name,Family Name,Address,E-mail 1 - Label,E-mail 1 - Value\nAnn,Doe,1 High St,Work,ann@example.com",
      [ANN],
    ],
    ["a line break in a cell", 'email,name\nann@example.com,"Ann\nDoe"', [ANN]],
    ["an unclosed quote", '"Ann Doe,ann@example.com\nbob@example.com', [ANN, bob]],
    [
      "lines of different forms",
      "email\tname\nann@example.com\tAnn Doe\nBob Roe <bob@example.com>\nann@example.com",
      [ANN, BOB, ann],
    ],
    ["no address", "ann at example.com", [{ email: "ann at example.com" }]],
    ["an address in pieces", "ann @ example.com", [{ email: "ann @ example.com" }]],
    ["a word between addresses", "ann@example.com, bob, bob@example.com", [ann, { email: "bob" }, bob]],
    ["words only", "ann; bob", [{ email: "ann" }, { email: "bob" }]],
    [
      "no address in its column",
      "name,email\nAnn Doe,ann at example.com",
      [{ email: "ann at example.com", name: "Ann Doe" }],
    ],
    [
      "no address in its column, without a header",
      "Bob Roe\tbob@example.com\nAnn Doe\tann at example.com",
      [BOB, { email: "ann at example.com", name: "Ann Doe" }],
    ],
    ["a name without an address", "Bob Roe\tbob@example.com\nAnn Doe\t", [BOB, { email: "", name: "Ann Doe" }]],
  ])("%s", (_, text, rows) => expect(parseAddresses(text)).toEqual(rows));
});

describe("what is not a name", () => {
  it.each<[what: string, text: string, rows: Recipient[]]>([
    ["a number before an address", "1. ann@example.com", [ann]],
    ["a number with a bracket", "1) Ann Doe, ann@example.com\n2) Bob Roe, bob@example.com", [ANN, BOB]],
    ["a number in its own cell", "1.\tann@example.com", [ann]],
    ["a bullet", "• ann@example.com", [ann]],
    ["a dash before a name", "- Ann Doe <ann@example.com>", [ANN]],
    ["a dash between name and address", "Ann Doe - ann@example.com", [ANN]],
    ["a dash with a bullet", "* Ann Doe – ann@example.com", [ANN]],
    ["a conjunction", "ann@example.com and bob@example.com", [ann, bob]],
    ["a conjunction before a name", "ann@example.com and Bob Roe <bob@example.com>", [ann, BOB]],
    ["a bar", "ann@example.com | bob@example.com", [ann, bob]],
    ["a header of a mail", "To: Ann Doe <ann@example.com>; Bob Roe <bob@example.com>; …", [ANN, BOB]],
    ["a header without a name", "Cc: ann@example.com", [ann]],
    ["a header in another language", "An: Ann Doe <ann@example.com>", [ANN]],
    ["a label", "Users: ann@example.com, bob@example.com", [ann, bob]],
    ["words of a sentence", "Please invite ann@example.com", [ann]],
    [
      "words behind a semicolon",
      "Ann Doe <ann@example.com>, bob@example.com; dan at example.com",
      [ANN, bob, { email: "dan at example.com" }],
    ],
    ["words before a name", "Please invite Ann Doe <ann@example.com>", [ann]],
    ["words after an address", "Please invite ann@example.com and bob@example.com to the course.", [ann, bob]],
    ["words between commas", "Please invite ann@example.com, bob@example.com, thanks!", [ann, bob]],
    ["small words", "the one at the desk ann@example.com", [ann]],
    ["another cell", "Ann Doe;Sales;ann@example.com", [{ ...ann, beside: ["Ann Doe", "Sales"] }]],
    ["a role after the address", "Ann Doe\tann@example.com\tOrganizer", [ANN]],
    ["a broken address", "ann@@example.com bob@example.com", [{ email: "ann@@example.com" }, bob]],
    ["a broken address before brackets", "ann@@example.com <bob@example.com>", [{ email: "ann@@example.com" }, bob]],
    ["a handle", "@ann bob@example.com", [{ email: "@ann" }, bob]],
    ["words between addresses that are both of a name", "ann@example.com Bob Roe bob@example.com", [ann, bob]],
    ["more than a name before brackets", "Sales, Doe, Ann <ann@example.com>", [{ email: "Sales" }, ann]],
    ["a quoted punctuation mark", '"-" <ann@example.com>', [ann]],
  ])("%s", (_, text, rows) => expect(parseAddresses(text)).toEqual(rows));

  it.each<[text: string, name: string]>([
    ["Ann van der Berg ann@example.com", "Ann van der Berg"],
    ["Seán O’Brien ann@example.com", "Seán O’Brien"],
    ["Nguyen The Anh <ann@example.com>", "Nguyen The Anh"],
    ["Ann Doe: ann@example.com", "Ann Doe"],
    ["ann@example.com – Ann Doe", "Ann Doe"],
    ["山田 太郎 ann@example.com", "山田 太郎"],
    ["Ann Doe Jr. <ann@example.com>", "Ann Doe Jr."],
    ["Grace Home <ann@example.com>", "Grace Home"],
    ["Grace Good ann@example.com", "Grace Good"],
    ["Dr. Müller, Anna <ann@example.com>", "Dr. Anna Müller"],
    ["Vorname;Nachname;Email\nCarla;home;ann@example.com", "Carla home"],
    ["First,Last,Email\nAnn,Dr. Doe,ann@example.com", "Dr. Ann Doe"],
  ])("%s has a name", (text, name) => expect(parseAddresses(text)).toEqual([{ email: "ann@example.com", name }]));
});

describe("a family name before a comma goes last", () => {
  it.each<[name: string, shown: string]>([
    ["Doe, Ann", "Ann Doe"],
    ["DOE, ANN", "ANN DOE"],
    ["van der Berg, Jan Willem", "Jan Willem van der Berg"],
    ["Doe, Ann B.", "Ann B. Doe"],
    ["Doe, Ann (HR)", "Ann Doe"],
    ["Doe, Ann, PhD", "Ann Doe, PhD"],
    ["Ann Doe, Jr.", "Ann Doe, Jr."],
    ["Ann Doe, PhD", "Ann Doe, PhD"],
    ["Ann Doe, M.D.", "Ann Doe, M.D."],
    ["Ann Doe, FRSA", "Ann Doe, FRSA"],
    ["Ann Doe, Head of Sales", "Ann Doe, Head of Sales"],
    ["Doe, Ann, Bob", "Doe, Ann, Bob"],
    ["Home, Ann", "Ann Home"],
    ["Dr. Doe, Ann", "Dr. Ann Doe"],
    ["Prof. Dr. med. van der Berg, Ann", "Prof. Dr. med. Ann van der Berg"],
    ["Dipl.-Ing. Doe, Ann", "Dipl.-Ing. Ann Doe"],
    ["Mr Doe, Bob", "Mr Bob Doe"],
    ["St. John, Ann", "Ann St. John"],
    ["M Doe, Ann", "Ann M Doe"],
  ])("%s: %s", (name, shown) =>
    expect(parseAddresses(`email;name\nann@example.com;${name}`)).toEqual([{ email: "ann@example.com", name: shown }]),
  );
});

describe("addresses as programs copy them", () => {
  it.each<[what: string, text: string, rows: Recipient[]]>([
    ["Outlook's link in brackets", "Ann Doe <ann@example.com<mailto:ann@example.com>>", [ANN]],
    ["Outlook's link after an address", "ann@example.com<mailto:ann@example.com>", [ann]],
    ["Outlook's link in square brackets", "Ann Doe [mailto:ann@example.com]", [ANN]],
    ["Slack's link", "<mailto:ann@example.com|ann@example.com>", [ann]],
    [
      "Slack's links in a row",
      "<mailto:ann@example.com|ann@example.com>, <mailto:bob@example.com|bob@example.com>",
      [ann, bob],
    ],
    ["Markdown's link", "[ann@example.com](mailto:ann@example.com)", [ann]],
    ["Markdown's link with a name", "[Ann Doe](mailto:ann@example.com?subject=Hi)", [ANN]],
    ["Markdown's table", "| Name | Email |\n|---|---|\n| Ann Doe | ann@example.com |", [ANN]],
    [
      "an address in its quoted name",
      '"Doe, John <j@example.com>" <j@example.com>',
      [{ email: "j@example.com", name: "John Doe" }],
    ],
    ["another address in a quoted name", '"Bob Roe <bob@example.com>" <ann@example.com>', [BOB, ann]],
    ["Exchange's prefix", "SMTP:ann@example.com", [ann]],
    ["curly quotes around addresses", "“ann@example.com”, ‘bob@example.com’", [ann, bob]],
    ["curly quotes around a name", "“Ann Doe” <ann@example.com>", [ANN]],
    ["curly quotes around a comma", "“Doe, Ann” <ann@example.com>", [ANN]],
    ["German quotes", "„Ann Doe“ <ann@example.com>", [ANN]],
    ["curly quotes in a table", "name,email\n“Doe, Ann”,ann@example.com", [ANN]],
    ["full-width characters", "ａｎｎ＠example．com，bob＠example.com", [ann, bob]],
    ["an accent typed as a character of its own", "Jose\u0301 Doe <ann@example.com>", [{ ...ann, name: "José Doe" }]],
    ["a key before an address", "email=ann@example.com", [ann]],
    ["keys before values", "name=Ann Doe,email=ann@example.com", [ANN]],
    ["keys in quoted cells", '"name=Doe, Ann","email=ann@example.com"', [ANN]],
    ["keys before quoted values", 'name="Ann Doe" email="ann@example.com"', [ANN]],
    [
      "keys in lines",
      "fullName=Ann Doe; EmailAddress=ann@example.com\nfullName=Bob Roe; EmailAddress=bob@example.com",
      [ANN, BOB],
    ],
    ["an equals sign of the address", "prvs=123=ann@example.com", [{ email: "prvs=123=ann@example.com" }]],
    [
      "typographic apostrophes",
      "o’brien@example.com; o´brien@example.com",
      [{ email: "o’brien@example.com" }, { email: "o´brien@example.com" }],
    ],
    [
      "a sentence that names the next person",
      "please invite Ann Doe (ann@example.com) and Bob Roe, bob@example.com",
      [ann, bob],
    ],
    ["a name after each bracket", "<ann@example.com> Ann Doe, <bob@example.com> Bob Roe", [ANN, BOB]],
  ])("%s", (_, text, rows) => expect(parseAddresses(text)).toEqual(rows));
});

it("a text of unclosed links is read quickly", () => {
  expect(readList("[a](mailto:".repeat(20_000))).toMatchObject({ leftOut: {} });
});

it.each<[text: string, header: number]>([
  ["ann@example.com\nEmail\nbob@example.com", 1],
  ["ann@example.com\nE-Mail,Abteilung\nbob@example.com,Sales", 1],
  ["Email\nann@example.com\nEmail\nbob@example.com", 2],
  ["Ann Doe;ann@example.com\nLearner email;Start date\nbob@example.com;2026", 1],
])("a header line in the middle of a list is no address: %s", (text, header) => {
  const list = readList(text);
  expect("rows" in list && list.rows.map(({ email }) => email)).toEqual([ann.email, bob.email]);
  expect(list).toMatchObject({ leftOut: { header } });
});

describe("words beside an address", () => {
  it.each<[text: string, typed: string | undefined]>([
    ["foo bar@example.com", "foo bar@example.com"],
    ["Foo bar@example.com", "Foo bar@example.com"],
    ["foo bar@example.com, ann@example.com", "foo bar@example.com"],
    ["bar@example.com foo", "bar@example.com foo"],
    ["Bar bar@example.com", undefined],
    ["Ann Doe bar@example.com", undefined],
    ["invite bar@example.com", undefined],
    ["foo <bar@example.com>", undefined],
    ["write to our friends at bar@example.com", undefined],
  ])("%s is kept as a doubt: %s", (text, typed) => {
    const list = readList(text);
    expect("rows" in list && list.rows[0]).toMatchObject({ email: "bar@example.com", ...(typed && { typed }) });
    expect("rows" in list && list.rows[0]?.typed).toBe(typed);
  });
});

describe("headers", () => {
  it.each<[header: string]>([
    ["First name;Last name;E-mail"],
    ["Vorname;Nachname;E-Mail-Adresse"],
    ["Vorname;Name;E-Mail"],
    ["Prénom;Nom;Courriel"],
    ["Prénom;Nom de famille;Adresse e-mail"],
    ["Nombre;Apellidos;Correo electrónico"],
    ["Nome;Cognome;Indirizzo di posta elettronica"],
    ["Nome;Sobrenome;Endereço de e-mail"],
    ["Voornaam;Achternaam;E-mailadres"],
    ["Imię;Nazwisko;Adres e-mail"],
    ["Förnamn;Efternamn;E-postadress"],
    ["Fornavn;Etternavn;E-post"],
    ["Etunimi;Sukunimi;Sähköposti"],
    ["Jméno;Příjmení;E-mailová adresa"],
    ["Prenume;Nume;Adresă de e-mail"],
    ["Имя;Фамилия;Электронная почта"],
    ["名;姓;メールアドレス"],
    ["First Name [Required];Last Name [Required];Email Address [Required]"],
    ["FIRSTNAME;LASTNAME;EMAIL_ADDRESS"],
    ["Eesnimi;Perenimi;E-post"],
    ["Ime;Priimek;E-naslov"],
    ["Isem;Kunjom;Indirizz elettroniku"],
    ["Ainm;Sloinne;Ríomhphost"],
    ["Prénom;Nom;Mél"],
    ["Prénom;Nom;Adresse mél professionnelle"],
    ["Vārds;Uzvārds;E-pasta adrese"],
    ["Vardas;Pavardė;El. pašto adresas"],
    ["Meno;Priezvisko;Emailová adresa"],
    ["Nombre;Apellido paterno;Correo"],
    ["Preferred Name - First;Preferred Name - Last;Email - Primary Work"],
    ["Nome próprio;Apelido;Correio eletrónico"],
    ["Prenume;Nume;Poștă electronică"],
    ["Όνομα;Επίθετο;Ηλεκτρονική διεύθυνση"],
    ["Ime;Prezime;Adresa e-pošte"],
    ["Nombre;Primer apellido;Correo"],
    ["givenName;sn;mail"],
    ["Learner first name;Learner last name;Learner email"],
  ])("%s", (header) => expect(parseAddresses(`${header}\nAnn;Doe;ann@example.com`)).toEqual([ANN]));

  it.each<[what: string, header: string, line: string]>([
    ["German", "Name;Abteilung;E-Mail-Adresse", "Ann Doe;Vertrieb;ann@example.com"],
    ["Dutch", "Naam;E-mailadres", "Ann Doe;ann@example.com"],
    ["Japanese", "氏名,メールアドレス", "Ann Doe,ann@example.com"],
    ["a whole name beside a first name", "Name,First name,Email", "Ann Doe,Ann,ann@example.com"],
    ["Moodle", "username,firstname,lastname,email,course1", "annd,Ann,Doe,ann@example.com,C1"],
    ["Zoom", "Name (Original Name),User Email,Join Time,Guest", "Ann Doe,ann@example.com,01/01/2026 10:00,No"],
    ["Teams", "Name\tFirst Join\tLast Leave\tEmail\tRole", "Ann Doe\t1/1/26\t1/1/26\tann@example.com\tOrganizer"],
    [
      "Slack",
      "username,email,status,has-2fa,userid,fullname,displayname",
      "annd,ann@example.com,Member,1,U1,Ann Doe,annie",
    ],
    [
      "Outlook",
      "First Name,Last Name,E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address",
      "Ann,Doe,ann@example.com,SMTP,Ann Doe (ann@example.com),",
    ],
    ["Entra", "id,userPrincipalName,displayName,surname,mail,givenName", "6f1,ann@example.com,Ann Doe,Doe,,Ann"],
    [
      "Microsoft 365",
      "Display name,Proxy addresses,User principal name",
      "Ann Doe,SMTP:ann@example.com+smtp:ann@corp.example,ann@example.com",
    ],
    [
      "Okta",
      '"profile.login","profile.email","profile.secondEmail","profile.firstName","profile.lastName","profile.manager"',
      '"ann@example.com","ann@example.com","","Ann","Doe","Max Boss"',
    ],
    ["Workday", "Worker,Business Title,Work Contact: Work Email", "Ann Doe,Clerk,ann@example.com"],
    ["LDAP", "dn,cn,mail", '"cn=Ann Doe,dc=example",Ann Doe,ann@example.com'],
    ["a customer system", "Company name,Contact name,Contact email", "Acme Ltd,Ann Doe,ann@example.com"],
    [
      "another customer system",
      "Company,Primary contact name,Primary contact email",
      "Acme Ltd,Ann Doe,ann@example.com",
    ],
    ["a title with a possessive", "Employee's name,Employee's email", "Ann Doe,ann@example.com"],
    ["a form", "Timestamp,What is your full name?,Email Address", "1/1/2026,Ann Doe,ann@example.com"],
    ["names of users", "User name,Email", "Ann Doe,ann@example.com"],
    [
      "a deal's own file",
      "email,name,status,delivery,date_sent,expires,accepted,declined,sends,invited_by,invite_id",
      "ann@example.com,Ann Doe,pending,delivered,2026-05-01T10:00:00Z,2026-06-01T10:00:00Z,,,1,max@example.com,abc",
    ],
    ["a form of names in brackets", '"Name (Last, First)",Email', '"Doe, Ann",ann@example.com'],
    ["a login that repeats the address", "Username,Display name,Mail", "ANN@example.com,Ann Doe,ann@example.com"],
  ])("%s", (_, header, line) => expect(parseAddresses(`${header}\n${line}`)).toEqual([ANN]));

  it("a Dutch family name keeps its first part", () => {
    expect(parseAddresses("Voornaam;Tussenvoegsel;Achternaam;E-mailadres\nJan;van der;Berg;ann@example.com")).toEqual([
      { ...ann, name: "Jan van der Berg" },
    ]);
  });

  it.each<[what: string, text: string, name: string]>([
    ["Kanji", "姓,名,メール\n山田,太郎,ann@example.com", "山田 太郎"],
    ["a column of given names first", "First name,Last name,Email\n太郎,山田,ann@example.com", "山田 太郎"],
    ["Kana", "名,姓,メール\nタロー,やまだ,ann@example.com", "やまだ タロー"],
    ["Hangul", "성,이름,이메일\n김,민수,ann@example.com", "김 민수"],
    ["names with a comma", '氏名,メール\n"山田, 太郎",ann@example.com', "山田 太郎"],
  ])("the family name comes first: %s", (_, text, name) => expect(parseAddresses(text)).toEqual([{ ...ann, name }]));

  it.each<[what: string, text: string, leftOut: LeftOut]>([
    ["a line for a spreadsheet", "sep=;\nName;E-Mail\nAnn Doe;ann@example.com", { separator: 1, header: 1 }],
    ["an unusual separator", "sep=/\nName/E-Mail\nAnn Doe/ann@example.com", { separator: 1, header: 1 }],
    ["a title", "Staff list 2026\nName,E-Mail\nAnn Doe,ann@example.com", { title: 1, header: 1 }],
    [
      "titles with commas",
      "Staff, all;;\nExported: May;;\n\nName;E-Mail;Team\nAnn Doe;ann@example.com;A",
      { title: 2, header: 1 },
    ],
    ["a repeated header", "Name,E-Mail\nAnn Doe,ann@example.com\nName,E-Mail", { header: 2 }],
    ["lines of marks", "Name,E-Mail\nAnn Doe,ann@example.com\n---,---", { header: 1, marks: 1 }],
    ["a line about nobody", "Name,E-Mail,Team\nAnn Doe,ann@example.com,A\n,,B", { header: 1, nobody: 1 }],
  ])("lines that are not rows are counted: %s", (_, text, leftOut) =>
    expect(readList(text)).toEqual({ rows: [ANN], leftOut }),
  );
});

describe("the page asks if more than one column could be meant", () => {
  it.each<[what: string, text: string, addresses: string[], guess: string[]]>([
    [
      "accounts with recovery addresses",
      "First Name [Required],Last Name [Required],Email Address [Required],Recovery Email\nAnn,Doe,ann@example.com,ann@home.example\nBob,Roe,bob@example.com,",
      ["Email Address [Required]", "Recovery Email"],
      ["Email Address [Required]", "First Name [Required]", "Last Name [Required]"],
    ],
    [
      "a blank work address",
      "Name,Work Email,Personal Email\nAnn Doe,,ann@home.example",
      ["Work Email", "Personal Email"],
      ["Work Email", "Name"],
    ],
    [
      "a fuller column of managers",
      "First name,Last name,Email address,Line manager email\nAnn,Doe,,max@example.com\nBob,Roe,bob@example.com,max@example.com",
      ["Email address", "Line manager email"],
      ["Email address", "First name", "Last name"],
    ],
    [
      "managers first",
      "Name,Manager Email,Email\nAnn Doe,max@example.com,ann@example.com",
      ["Email", "Manager Email"],
      ["Email", "Name"],
    ],
    [
      "a manager in a column without a word of mail",
      "Name,Manager,Email\nAnn Doe,max@example.com,ann@example.com",
      ["Email", "Manager"],
      ["Email", "Name"],
    ],
    ["only managers", "Name,Manager Email\nAnn Doe,max@example.com", ["Manager Email"], ["Name"]],
    [
      "a login at another domain",
      "User principal name,Display name,Mail\nann@corp.example,Ann Doe,ann@example.com",
      ["Mail", "User principal name"],
      ["Mail", "Display name"],
    ],
    [
      "a work address in words, a private one plain",
      "Name,Work Email,Home Email\nAnn Doe,see ann@example.com,ann@home.example",
      ["Work Email", "Home Email"],
      ["Work Email", "Name"],
    ],
    [
      "a number and a name",
      'Employee #,"Last name, First name",Work Email,Home Email\n1001,"Doe, Ann",ann@example.com,ann@home.example',
      ["Work Email", "Home Email"],
      ["Work Email", "Last name, First name"],
    ],
    [
      "a number with a letter and a name",
      "Employee,Full name,Work Email,Home Email\nE1001,Ann Doe,ann@example.com,ann@home.example",
      ["Work Email", "Home Email"],
      ["Work Email", "Full name"],
    ],
    [
      "Workday",
      "Worker,Reports To Email,Personal Contact: Personal Email,Work Contact: Work Email\nAnn Doe,max@example.com,ann@home.example,ann@example.com",
      ["Work Contact: Work Email", "Reports To Email", "Personal Contact: Personal Email"],
      ["Work Contact: Work Email", "Worker"],
    ],
    [
      "a login of another form than the address",
      "profile.login,profile.email,profile.firstName,profile.lastName\nann@corp.example,ann@example.com,Ann,Doe",
      ["profile.email", "profile.login"],
      ["profile.email", "profile.firstName", "profile.lastName"],
    ],
    ["no header", "Ann Doe\tann@example.com\tann@home.example", ["Column 2", "Column 3"], ["Column 1"]],
    [
      "no header, commas",
      "Ann Doe,ann@example.com,ann@home.example\nBob Roe,bob@example.com,bob@home.example",
      ["Column 2", "Column 3"],
      ["Column 1"],
    ],
    [
      "addresses in turns",
      "Ann Doe\tann@example.com\t\nBob Roe\t\tbob@home.example",
      ["Column 2", "Column 3"],
      ["Column 1"],
    ],
  ])("addresses: %s", (_, text, addresses, guess) => expect(questionAbout(text)).toMatchObject({ addresses, guess }));

  it.each<[what: string, text: string, names: string[], guess: string[]]>([
    [
      "no header",
      "Ann Doe;Sales;ann@example.com\nBob Roe;Marketing;bob@example.com",
      ["Column 1", "Column 2"],
      ["Column 3", "Column 1"],
    ],
    [
      "an unknown title beside half a name",
      "First name;Clan;E-Mail\nAnn;Doe;ann@example.com",
      ["First name", "Clan"],
      ["E-Mail", "First name"],
    ],
    [
      "an unknown title beside names of one word",
      "Name;Clan;E-Mail\nAnn;Doe;ann@example.com",
      ["Name", "Clan"],
      ["E-Mail", "Name"],
    ],
    ["a login beside an address", "User name;E-Mail\nanndoe;ann@example.com", ["User name"], ["E-Mail"]],
    ["numbers under the title of names", "Employee #;Clan;E-Mail\n1001;Ann Doe;ann@example.com", ["Clan"], ["E-Mail"]],
    ["an unknown title", "E-Mail;Kontakt\nann@example.com;Ann Doe", ["Kontakt"], ["E-Mail"]],
    ["only unknown titles", "Kontakt;Poczta\nAnn Doe;ann@example.com", ["Kontakt"], ["Poczta"]],
  ])("names: %s", (_, text, names, guess) => expect(questionAbout(text)).toMatchObject({ names, guess }));

  it.each<[title: string]>([
    ["Reports To Email"],
    ["Line Mgr Email"],
    ["Mgr E-Mail"],
    ["Team lead email"],
    ["Head of department email"],
    ["Created by email"],
    ["HRBP Email"],
    ["Referrer email"],
    ["Requester email"],
    ["Trainer email"],
    ["CC email"],
    ["Department email"],
    ["Spouse e-mail"],
    ["Next of kin email"],
    ["Mother's email"],
    ["E-Mail Ansprechpartner"],
    ["E-Mail Teamleitung"],
    ["E-Mail Sekretariat"],
    ["E-mail N+1"],
    ["E-mail tuteur"],
    ["Email responsabile"],
    ["E-mail przełożonego"],
    ["Почта руководителя"],
    ["经理邮箱"],
    ["What is the email of your manager?"],
    ["Who is your manager?"],
    ["Home Email"],
    ["Recovery Email"],
    ["Personal Email"],
    ["E-Mail (privat)"],
    ["Email personale"],
    ["E-mail pessoal"],
    ["E-mail prywatny"],
    ["Личная почта"],
    ["managerEmail"],
    ["Email DL"],
    ["Contact email"],
  ])("addresses under “%s” are not preselected", (title) => {
    expect(questionAbout(`Name;${title}\nAnn Doe;ann@example.com`)).toMatchObject({
      addresses: [title],
      guess: ["Name"],
    });
  });

  it.each<[work: string, other: string]>([
    ["E-mail corporativo", "E-mail pessoal"],
    ["Email pro", "Email personnel"],
    ["E-mail służbowy", "E-mail prywatny"],
    ["E-mail pracownika", "E-mail przełożonego"],
    ["公司邮箱", "私人邮箱"],
    ["Рабочая почта", "Личная почта"],
    ["E-Mail dienstlich", "E-Mail privat"],
    ["Work Email", "Email"],
    ["Email aziendale", "Email personale"],
    ["Adresse électronique", "Courriel du responsable"],
    ["Email", "Your line manager's email?"],
    ["emailAddress", "managerEmail"],
  ])("“%s” is offered first beside “%s”", (work, other) => {
    expect(questionAbout(`Name;${other};${work}\nAnn Doe;max@example.com;ann@example.com`)).toMatchObject({
      addresses: [work, other],
      guess: [work, "Name"],
    });
  });

  it.each<[blank: string]>([["N/A"], ["n/a"], ["tbd"], ["TBC"], ["-"], ["?"], ["none"], ["unknown"], [""]])(
    "a work column that has only “%s” is offered",
    (blank) => {
      expect(questionAbout(`Name,Email,Buddy\nAnn Doe,${blank},bud@example.com`)).toMatchObject({
        addresses: ["Email", "Buddy"],
        guess: ["Email", "Name"],
      });
    },
  );

  it.each<[what: string, text: string, addresses: string[]]>([
    [
      "recipients and managers",
      "Employee,Manager\nAnn Doe <ann@example.com>,Max Boss <max@example.com>",
      ["Employee", "Manager"],
    ],
    ["with semicolons", "Members;Owner\nAnn Doe <ann@example.com>;Max Boss <max@example.com>", ["Members", "Owner"]],
    [
      "with quotes",
      '"Employee","Manager"\n"Doe, Ann <ann@example.com>","Boss, Max <max@example.com>"',
      ["Employee", "Manager"],
    ],
    ["private ones", "Work;Private\nAnn Doe <ann@example.com>;Ann Doe <ann@home.example>", ["Work", "Private"]],
    [
      "above a footer",
      "Employee,Manager\nAnn Doe <ann@example.com>,Max Boss <max@example.com>\nQuestions? hr@example.com",
      ["Employee", "Manager"],
    ],
    [
      "a form",
      "Timestamp,Username,Who is your manager?\n2026/11/26 9:00,ann@example.com,max@example.com",
      ["Username", "Who is your manager?"],
    ],
    [
      "labels of an address book",
      "Name,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value\nAnn Doe,Home,ann@home.example,Work,ann@example.com",
      ["E-mail 1 - Value", "E-mail 2 - Value"],
    ],
    [
      "commas without a header",
      "ann@example.com,max@example.com\nbob@example.com,max@example.com",
      ["Column 1", "Column 2"],
    ],
    [
      "semicolons without a header",
      "ann@example.com;max@example.com\nbob@example.com;max@example.com",
      ["Column 1", "Column 2"],
    ],
    [
      "recipients without a header",
      "Ann Doe <ann@example.com>,Max Boss <max@example.com>\nBob Roe <bob@example.com>,Max Boss <max@example.com>",
      ["Column 1", "Column 2"],
    ],
    ["a single line", "Ann Doe,ann@example.com,max@example.com", ["Column 2", "Column 3"]],
    ["labels in a column", "Name,Ann Doe\nWork email,ann@example.com\nManager email,max@example.com", ["Ann Doe"]],
  ])("addresses in columns are not preselected: %s", (_, text, addresses) => {
    const question = questionAbout(text);
    expect(question).toMatchObject({ addresses });
    expect(addresses).not.toContain(question?.guess[0]);
  });

  it.each<[what: string, ...texts: [string, string, string]]>([
    ["towns", "Berlin", "Paris", "New York"],
    ["departments", "Marketing", "Sales", "Human Resources"],
    ["countries", "Germany", "France", "United Kingdom"],
    ["companies", "Globex Berlin", "Initech", "Hooli Paris"],
    ["rooms", "Room A", "Room B", "Room 3"],
    ["a boss", "Max Boss", "Max Boss", "Max Boss"],
    ["names like no address", "Kim Low", "Lou Moe", "Nan Orr"],
  ])("a column of %s without a title is asked about", (_, ...texts) => {
    const emails = ["ann@example.com", "bob@example.com", "cat@example.com"];
    const question = { addresses: ["Column 1"], names: ["Column 2"], guess: ["Column 1"] };
    for (const separator of ["\t", ";", ",", ", "])
      expect(questionAbout(texts.map((text, index) => emails[index] + separator + text).join("\n"))).toEqual(question);
    expect(parseAddresses(`${emails[0]}\t${texts[0]}`)).toEqual([{ ...ann, beside: [texts[0]] }]);
  });

  it.each<[what: string, ...texts: [string, string, string]]>([
    ["full names", "Ann Doe", "Roe, Bob", "Cat Low"],
    ["first names", "Ann", "Bob", "Kit"],
    ["names of which one is like its address", "Nan Orr", "Bob Roe", "Lou Moe"],
  ])("a column of %s without a title is not asked about", (_, ...texts) => {
    const emails = ["ann.doe@example.com", "b.roe2@example.com", "cl@example.com"];
    const text = texts.map((text, index) => `${text}\t${emails[index]}`).join("\n");
    if (texts[1] === "Bob") return expect(parseAddresses(text).map(({ name }) => name)).toEqual(texts);
    expect(parseAddresses(text).map(({ name }) => name)).toEqual([texts[0], "Bob Roe", texts[2]]);
  });

  it.each<[title: string]>([
    ["Reports To"],
    ["Buddy name"],
    ["Invited by"],
    ["Emergency contact"],
    ["Cost centre"],
    ["Course name"],
  ])("names under “%s” are not preselected", (title) => {
    expect(questionAbout(`Email,${title}\nann@example.com,Eve Help\nbob@example.com,Max Boss`)).toMatchObject({
      names: [title],
      guess: ["Email"],
    });
  });

  it("a family name alone is not preselected", () => {
    expect(questionAbout("Doe, Ann, ann@example.com\nRoe, Bob, bob@example.com")).toMatchObject({
      guess: ["Column 3"],
    });
  });

  it("all addresses are invited if the answer says that the text is a list", () => {
    const text = "ann@example.com, bob@example.com\nAnn Doe <cat@example.com>, dan@example.com";
    expect(readList(text, [{ email: EVERY }])).toMatchObject({
      rows: [ann, bob, { email: "cat@example.com", name: "Ann Doe" }, { email: "dan@example.com" }],
    });
  });

  it.each<[what: string, line: string, rows: Recipient[]]>([
    ["beside one address", "Ann Doe\tann@example.com\t", [ANN]],
    ["before each address", "Ann Doe\tann@example.com\tBob Roe\tbob@example.com", [ANN, BOB]],
    ["behind each address", "ann@example.com\tAnn Doe\tbob@example.com\tBob Roe", [ANN, BOB]],
    [
      "of two addresses",
      "Ann Doe\tann@example.com\tbob@example.com",
      [
        { ...ann, beside: ["Ann Doe"] },
        { ...bob, beside: ["Ann Doe"] },
      ],
    ],
    ["without an address", "Ann Doe\t\t", [{ email: "", name: "Ann Doe" }]],
    [
      "with its own bracket",
      "Ann Doe\tann@example.com\tBob Roe <bob@example.com>",
      [{ ...ann, beside: ["Ann Doe"] }, BOB],
    ],
  ])("in a table that is read as a list, a name %s is no address", (_, line, rows) => {
    const list = readTexts(`Kim Low\tkim@a.example\tkim@b.example\n${line}`, [{ email: EVERY }]);
    expect("rows" in list && list.rows.slice(2)).toEqual(rows);
  });

  it.each<[what: string, text: string]>([
    ["a list of addresses in lines", "ann@example.com, bob@example.com,\ncat@example.com, dan@example.com"],
    ["a list with words", "ann@example.com, bob, cat@example.com"],
    ["a sentence of several lines", "Hi team,\nplease invite ann@example.com, bob@example.com, thanks\nBest, Max"],
    [
      "an address in place of a name",
      "Name,Email\nAnn Doe,ann@example.com\nbob,bob@example.com\ncat@corp.example,cat@example.com",
    ],
    ["one address column and a department", "Email,Department\nann@example.com,Sales"],
    ["how a name is read aloud", "氏名,フリガナ,メール\n山田太郎,ヤマダタロウ,ann@example.com"],
    ["a whole name beside another text", "Name,Cohort,Email\nAnn Doe,Spring,ann@example.com"],
  ])("but not about %s", (_, text) => expect(questionAbout(text)).toBeUndefined());

  it("an answer applies to its table", () => {
    const text =
      "Name,Work Email,Personal Email\nAnn Doe,,ann@home.example\nBob Roe,bob@example.com,bob@home.example\n,,cat@home.example";
    expect(readList(text, [{ email: 1, name: 0 }])).toEqual({
      rows: [{ email: "", name: "Ann Doe", elsewhere: "ann@home.example" }, BOB],
      leftOut: { header: 1, unchosen: 1 },
    });
    expect(readList(text, [{ email: 1 }])).toEqual({ rows: [bob], leftOut: { header: 1, unchosen: 2 } });
  });

  it("an address in another column is offered if it is like the name", () => {
    const text =
      "Name,Email,Manager email,Home email\nAnn Doe,,max@example.com,ann@home.example\nBob Roe,,max@example.com,";
    expect(readList(text, [{ email: 1, name: 0 }])).toMatchObject({
      rows: [
        { email: "", name: "Ann Doe", elsewhere: "ann@home.example" },
        { email: "", name: "Bob Roe" },
      ],
    });
    expect(readList(text, [{ email: 1, name: 0 }])).not.toHaveProperty("rows[1].elsewhere");
  });

  it("a dash in place of an address is a row with its name", () => {
    expect(parseAddresses("Name,Email\nAnn Doe,-")).toEqual([{ email: "-", name: "Ann Doe" }]);
  });

  it.each<[what: string, header: string, columns: Columns]>([
    ["the same header", "Surname,First name,E-mail,Manager e-mail", { email: 2, name: 1, family: 0 }],
    ["a header of unknown titles", "Clan,Given,Post,Boss", { email: 2, name: 1, family: 0 }],
  ])("an answer holds for every table with %s", (_, header, answer) => {
    const block = (first: string) =>
      `${header}\nDoe,${first},${first.toLowerCase()}@example.com,max@example.com\nRoe,${first},${first.toLowerCase()}2@example.com,`;
    const text = ["Ann", "Bob", "Cat"].map(block).join("\n");
    const rows = readTexts(text, [answer]);
    expect("rows" in rows && rows.rows.map(({ name }) => name)).toEqual(
      ["Ann", "Bob", "Cat"].flatMap((first) => [`${first} Doe`, `${first} Roe`]),
    );
  });

  it("each of two tables has a question of its own", () => {
    const text =
      "Name,Email,Manager Email\nAnn Doe,ann@example.com,max@example.com\nName,Work Email,Home Email\nBob Roe,bob@example.com,bob@home.example";
    const first = { email: 1, name: 0 };
    expect(readList(text, [first])).toMatchObject({ question: { labels: ["Name", "Work Email", "Home Email"] } });
    expect(readList(text, [first, first])).toMatchObject({ rows: [ANN, BOB] });
  });
});

describe("a person whom a list only mentions is not invited", () => {
  it.each<[what: string, text: string, leftOut: LeftOut]>([
    [
      "a footer",
      "Name,Email\nAnn Doe,ann@example.com\nExported by max@example.com on 26 Nov 2026",
      { header: 1, prose: 1 },
    ],
    [
      "a footer with a question",
      "Name\tEmail\nAnn Doe\tann@example.com\n\nQuestions? hr@example.com",
      { header: 1, prose: 1 },
    ],
    [
      "a footer with a colon",
      "Name,Email\nAnn Doe,ann@example.com\nRückfragen an: hr@example.com",
      { header: 1, others: 1 },
    ],
    [
      "a footer of cells",
      "Name,Email,Team\nAnn Doe,ann@example.com,A\nVerantwortlich: Max Boss (max@example.com),,",
      { header: 1, prose: 1 },
    ],
    [
      "a title with a recipient",
      "Report created by Max Boss <max@example.com>\nName,Email\nAnn Doe,ann@example.com",
      { title: 1, header: 1 },
    ],
    [
      "a title with brackets",
      "Staff list – exported by Max Boss (max@example.com)\nName;E-Mail\nAnn Doe;ann@example.com",
      { title: 1, header: 1 },
    ],
    [
      "a title of cells",
      "Generated 2026-11-26 by max@example.com,,\nName,Email,Team\nAnn Doe,ann@example.com,A",
      { title: 1, header: 1 },
    ],
    [
      "a contact below a table",
      "Name,Email\nAnn Doe,ann@example.com\n\nContact,hr@example.com",
      { header: 1, others: 1 },
    ],
    [
      "an author below a table",
      "Name;E-Mail;Team\nAnn Doe;ann@example.com;A\nErstellt von;max@example.com;",
      { header: 1, others: 1 },
    ],
    [
      "labels",
      "Ann Doe: ann@example.com\nManager: max@example.com\nAssistant: eve@example.com\nPrivate: ann@home.example",
      { others: 3 },
    ],
    [
      "labels of addresses",
      "Ann Doe <ann@example.com>\nPersonal email: ann@home.example\nManager email: max@example.com",
      { others: 2 },
    ],
    ["a key of a manager's address", "name=Ann Doe,email=ann@example.com,manager_email=max@example.com", { others: 1 }],
    ["labels in cells", "Manager\tmax@example.com\nAnn Doe\tann@example.com", { others: 1 }],
    ["a manager in brackets", "Ann Doe <ann@example.com> (manager: Max Boss <max@example.com>)", { others: 1 }],
    ["a manager behind a comma", "Ann Doe, ann@example.com, manager max@example.com", { others: 1 }],
    ["a manager behind a dash", "Ann Doe – ann@example.com – reports to max@example.com", { others: 1 }],
    ["a private address in brackets", "Ann Doe: ann@example.com (private: ann@home.example)", { others: 1 }],
    ["a private address with a bracket", "Ann Doe\tann@example.com / ann@home.example (privat)", { others: 1 }],
    [
      "a mail's headers",
      "From: Max Boss <max@example.com>\nReply-To: HR <hr@example.com>\nReturn-Path: <bounce@example.com>\nMessage-ID: <abc@mail.example.com>\nSubject: Course\nTo: Ann Doe <ann@example.com>",
      { header: 1, others: 4 },
    ],
    [
      "a German mail's headers",
      "Von: Max Boss <max@example.com>\nGesendet: Donnerstag\nAn: Ann Doe <ann@example.com>",
      { header: 1, others: 1 },
    ],
    ["pictures", "Ann Doe ann@example.com <image001.png@01DA.ABC>\n[cid:image001.png@01DA1F2B.3C4D5E60]", { marks: 1 }],
  ])("%s", (_, text, leftOut) => expect(readList(text)).toEqual({ rows: [ANN], leftOut }));

  it.each<[header: string]>([
    ["On Mon, 23 Nov 2026 at 10:00, Max Boss <max@example.com> wrote:"],
    ["> On 23 Nov 2026, at 10:00, Max Boss <max@example.com> wrote:"],
    ["Le 26 nov. 2026 à 09:00, Max Boss <max@example.com> a écrit :"],
    ["Am 23.11.2026 um 10:00 schrieb Max Chef <max@example.com>:"],
    ["El lun, 23 nov 2026 a las 10:00, Max Boss (<max@example.com>) escribió:"],
    ["Il giorno gio 26 nov 2026 Max Boss <max@example.com> ha scritto:"],
    ["Op ma 23 nov 2026 om 10:00 schreef Max Boss <max@example.com>:"],
    ["Max Boss <max@example.com> wrote on 23 Nov 2026:"],
    ["max@example.com <max@example.com> wrote:"],
    ["2026年11月23日(月) 10:00 Max Boss <max@example.com>:"],
    ["Van: Max Boss <max@example.com>"],
  ])("the writer of a mail: %s", (header) =>
    expect(readList(`${header}\n> Ann Doe <ann@example.com>`)).toEqual({ rows: [ANN], leftOut: { others: 1 } }),
  );

  it("the writer of a mail, without an address", () =>
    expect(readList("On 23/11/2026 10:00, Max Boss wrote:\n> Ann Doe <ann@example.com>")).toEqual({
      rows: [ANN],
      leftOut: { header: 1 },
    }));

  it.each<[what: string, text: string, leftOut: LeftOut]>([
    [
      "a broken line",
      "On Mon, 23 Nov 2026 at 10:00, Max Boss\n<max@example.com> wrote:\n\nAnn Doe <ann@example.com>",
      { header: 1, others: 1 },
    ],
    [
      "another line of the writer",
      "From: Max Boss <max@example.com>\nTo: Ann Doe <ann@example.com>\n\nMax@example.com",
      { others: 2 },
    ],
    [
      "a writer in a table",
      "On 23 Nov 2026 Max Boss <max@example.com> wrote:\nName,Email\nAnn Doe,ann@example.com\nMax Boss,max@example.com",
      { header: 1, others: 2 },
    ],
    [
      "a forwarded mail's headers",
      "From: Max Boss <max@example.com>\nSent: Monday\nTo: HR <hr@example.com>;\nEve Help <eve@example.com>\nSubject: Staff\n\nAnn Doe <ann@example.com>",
      { header: 2, others: 3 },
    ],
    [
      "a forwarded mail's headers in another order",
      "Subject: Staff\nDate: Monday\nFrom: Max <max@example.com>\nTo: hr@example.com\nCc: eve@example.com\n\nAnn Doe <ann@example.com>",
      { header: 2, others: 3 },
    ],
    [
      "a forwarded German mail's headers",
      "> Von: Max Boss <max@example.com>\n> Gesendet: Montag\n> An: hr@example.com\n> Betreff: Liste\n>\n> Ann Doe <ann@example.com>",
      { header: 2, others: 2, marks: 1 },
    ],
    ["a signature", "Ann Doe <ann@example.com>\n-- \nMax Boss\nmax@example.com, hr@example.com", { signature: 3 }],
    [
      "a signature below a table",
      "Name,Email\nAnn Doe,ann@example.com\n--\nMax Boss\n+44 1234\n\nmax@example.com",
      { header: 1, signature: 4 },
    ],
  ])("of a mail, %s", (_, text, leftOut) => expect(readList(text)).toEqual({ rows: [ANN], leftOut }));

  describe("the head of a mail alone is the list of those that it was sent to", () => {
    const to = "Ann Doe <ann@example.com>";
    const cc = "Bob Roe <bob@example.com>";
    it.each<[what: string, head: string]>([
      ["Outlook", `From: Max Boss <max@example.com>\nSent: Monday, 23 Nov 2026\nTo: ${to}; ${cc}\nSubject: Course`],
      ["Apple", `From: Max Boss <max@example.com>\nSubject: Course\nDate: 23 Nov 2026\nTo: ${to}\nCc: ${cc}`],
      ["Gmail", `from:\tMax Boss <max@example.com>\nto:\t${to},\n${cc}\ndate:\t23 Nov 2026\nsubject:\tCourse`],
      ["German", `Von: Max Boss <max@example.com>\nGesendet: Montag\nAn: ${to}\nKopie: ${cc}\nBetreff: Kurs`],
    ])("%s", (_, head) => {
      expect(readList(head)).toEqual({ rows: [ANN, BOB], leftOut: { others: 1, header: 2 } });
      expect(readList(`Please invite:\n\n${head}\n\nHi all,\nplease join.\nMax`)).toMatchObject({
        rows: [ANN, BOB],
        leftOut: { others: 1, header: 2, title: 1, nobody: 3 },
      });
      // Below other addresses, it only says where those come from.
      expect(readList(`${head}\n\nCat Low <cat@example.com>`)).toMatchObject({
        rows: [{ email: "cat@example.com" }],
        leftOut: { others: 3, header: 2 },
      });
    });

    it("as Gmail prints it", () =>
      expect(readList(`Max Boss <max@example.com>\tMon, Nov 23, 2026 at 10:00 AM\nTo: ${to}, ${cc}`)).toEqual({
        rows: [ANN, BOB],
        leftOut: { others: 1 },
      }));

    it("but not of its writer, who also received it", () =>
      expect(
        parseAddresses(
          `From: Max <max@example.com>\nSent: Monday\nTo: ${to}; max@example.com\nSubject: Course\n\nMax\nmax@example.com`,
        ),
      ).toEqual([ANN]));

    it("of its writer, if nobody else has an address", () =>
      expect(readList(`From: ${to}\nSent: Monday\nTo: All staff\nSubject: Course`)).toEqual({
        rows: [ANN],
        leftOut: { header: 3 },
      }));

    it("below a line that says where it begins, and with a name in the text", () => {
      const head = `---------- Forwarded message ---------\nFrom: Max\nDate: Monday\nSubject: Course\nTo: ${to}`;
      expect(readList(`${head}\n\nCarl Low`)).toEqual({ rows: [ANN, { email: "Carl Low" }], leftOut: { header: 4 } });
    });
  });

  it("a list of recipients is not a mail's header", () => {
    expect(readList("To: Ann Doe <ann@example.com>\nCc: Bob Roe <bob@example.com>")).toEqual({
      rows: [ANN, BOB],
      leftOut: {},
    });
  });

  it("a signature ends where the quoted mail begins", () => {
    const text =
      "Ann Doe <ann@example.com>\n--\nMax\nmax@example.com\n\n> Bob Roe <bob@example.com>\n> --\n> Eve\n>\n> eve@example.com";
    expect(readList(text)).toEqual({ rows: [ANN, BOB], leftOut: { signature: 7 } });
  });

  it("an address with a year and a colon is not a mail's header", () => {
    expect(parseAddresses("Please add ann2026@example.com:")).toEqual([{ email: "ann2026@example.com" }]);
  });

  it.each([
    "Best,",
    "Kind regards",
    "Thanks!",
    "Mit freundlichen Grüßen",
    "Viele Grüße",
    "Cordialement,",
    "Groeten",
    "MfG",
  ])("the writer of a mail who ends it with “%s” is not invited", (closing) => {
    const signature = `${closing}\nMax Boss\nHead of HR\nmax.boss@example.com`;
    expect(readList(`Please add:\n\nAnn Doe <ann@example.com>\n\n${signature}`)).toEqual({
      rows: [ANN],
      leftOut: { title: 1, signature: 4 },
    });
    // Alone, it says whom to invite. Above a list, it ends nothing.
    expect(readList(signature)).toMatchObject({ rows: [{ name: "Max Boss" }] });
    expect(readList(`${closing}\nAnn Doe <ann@example.com>\nBob Roe <bob@example.com>`)).toMatchObject({
      rows: expect.arrayContaining([ANN, BOB]),
    });
  });

  it("a line of dashes above a list is not a signature", () => {
    expect(readList("--\nAnn Doe <ann@example.com>")).toEqual({ rows: [ANN], leftOut: { marks: 1 } });
  });

  it.each<[text: string]>([
    ["Name,Email\nAnn Doe,ask max@example.com first\nBob Roe,bob@example.com"],
    ["Employee,Notes\nAnn Doe,ask max@example.com first\nBob Roe,bob@example.com"],
    ["Name,Contact\nAnn Doe,ask max@example.com first\nBob Roe,bob@example.com"],
    ["Ann Doe,ask max@example.com first\nBob Roe,bob@example.com"],
    ["Employee,Notes\nAnn Doe,ask max@example.com first\nBob Roe,see eve@example.com"],
    ["Name;Remark\nAnn Doe;ask max@example.com first"],
  ])("a cell with words around an address is a row to correct in any table: %s", (text) => {
    expect(readList(text, [{ email: 1, name: 0 }])).toMatchObject({
      rows: expect.arrayContaining([{ email: "ask max@example.com first", name: "Ann Doe" }]),
    });
  });

  it("a remark in brackets beside a name and an address is not part of the address", () => {
    expect(parseAddresses("Ann Doe; ann@example.com (Sales)\nBob Roe; bob@example.com")).toEqual([ANN, BOB]);
  });

  it.each<[cell: string]>([
    ["ann@example.com; bob@example.com"],
    ["ann@example.com (dienstlich), ann@home.example (privat)"],
    ["ann@example.com ::: ann@home.example"],
    ["ask max@example.com"],
    ["cat@example.com (cc: boss@example.com)"],
    ["see Max Boss <max@example.com>"],
  ])("a cell with more than one address, or with words, is a row to correct: %s", (cell) => {
    expect(parseAddresses(`Name\tEmail\nAnn Doe\t${cell}`)).toEqual([{ email: cell, name: "Ann Doe" }]);
  });
});

it.each<[text: string, line: string]>([
  ["Name,Email\nAnn Doe,ann@example.com\nFrom: Hal <hal@x.example>", "From: Hal <hal@x.example>"],
  ["Name,Email\nAnn Doe,ann@example.com\nManager: max@x.example", "Manager: max@x.example"],
  ["Email\nann@example.com\nFrom: Hal <hal@x.example>", "From: Hal <hal@x.example>"],
  ["Hi Ann,\nFrom: Hal <hal@x.example>\nName,Email\nAnn Doe,ann@example.com", "From: Hal <hal@x.example>"],
])("around a table, a line that is labelled as somebody else's says so: %j", (text, line) => {
  const list = readTexts(text);
  expect("rows" in list && list.rows.map(({ email }) => email)).toEqual(["ann@example.com"]);
  expect(list).toMatchObject({ leftOut: expect.arrayContaining([{ reason: "others", text: line }]) });
});

describe("no line is lost", () => {
  it.each<[what: string, text: string, rows: Recipient[]]>([
    ["two quotes in different lines", 'Name,Email\n"Ann Doe,ann@example.com\nBob Roe","bob@example.com"', [ANN, BOB]],
    [
      "a quoted remark over two lines",
      'Name;E-Mail;Note\nAnn Doe;ann@example.com;"call\nBob Roe;bob@example.com;done"',
      [ANN, BOB],
    ],
    [
      "a comma in quotes after an unclosed quote",
      'Name,Email\n"Ann Doe,ann@example.com\n"Roe, Bob",bob@example.com',
      [ANN, BOB],
    ],
    [
      "an address in the column of names",
      "Name,Email\nAnn Doe <ann@example.com>,\nBob Roe,bob@example.com",
      [ANN, BOB],
    ],
    ["an address instead of a name", "Name,Email\nann@example.com,\nBob Roe,bob@example.com", [ann, BOB]],
    ["words in the column of names", "Name;Email\nDoe, Ann (ann@example.com);\nBob Roe;bob@example.com", [ANN, BOB]],
    [
      "tables with different separators",
      "Name;E-Mail\nAnn Doe;ann@example.com\n\nName,Email\nBob Roe,bob@example.com",
      [ANN, BOB],
    ],
    ["recipients above a table", "Ann Doe <ann@example.com>\nName,Email\nBob Roe,bob@example.com", [ANN, BOB]],
  ])("%s", (_, text, rows) => expect(parseAddresses(text)).toEqual(rows));
});

describe("a line from another list has its own separator", () => {
  it.each<[what: string, lines: string[], own: string]>([
    ["semicolons among commas", ["Ann Doe,ann@example.com", "Cat Low,cat@example.com"], "Bob Roe;bob@example.com"],
    ["commas among semicolons", ["Ann Doe;ann@example.com", "Cat Low;cat@example.com"], "Bob Roe, bob@example.com"],
    ["semicolons among tabs", ["Ann Doe\tann@example.com", "Cat Low\tcat@example.com"], "Bob Roe;bob@example.com"],
    ["bars among plain addresses", ["ann@example.com", "cat@example.com"], "Bob Roe | bob@example.com"],
    ["the address first", ["Ann Doe,ann@example.com", "Cat Low,cat@example.com"], "bob@example.com;Bob Roe"],
    ["under a header", ["Name,Email", "Ann Doe,ann@example.com", "Cat Low,cat@example.com"], "Bob Roe;bob@example.com"],
    [
      "under a header of three columns",
      ["Name;Email;Team", "Ann Doe;ann@example.com;IT", "Cat Low;cat@example.com;HR"],
      "Bob Roe,bob@example.com,Sales",
    ],
  ])("%s", (_, lines, own) => {
    expect(parseAddresses([...lines, own].join("\n"))).toContainEqual(BOB);
    expect(parseAddresses(lines.toSpliced(-1, 0, own).join("\n"))).toContainEqual(BOB);
  });

  const both = `${ann.email} ${bob.email}`;
  it.each([
    ["without a header", "cat@example.com", both],
    ["under one column", "Email\ncat@example.com", both],
    ["under two columns", "Name,Email\n,cat@example.com", both],
    ["in its cell", "Name,Email\n,cat@example.com", `,${both}`],
    ["in its cell, with two spaces", "Name;Email;Team\n;cat@example.com;IT", `;${both.replace(" ", "  ")};`],
  ])("a line of two plain addresses is two people, %s", (_, lines, line) => {
    expect(readList(`${lines}\n${line}`)).toMatchObject({ rows: [{ email: "cat@example.com" }, ann, bob] });
    expect(readList(`${lines}\n${line}\n${lines.split("\n").at(-1)}`)).toMatchObject({ rows: [{}, ann, bob, {}] });
  });

  it("a line of several addresses is a list, and no table with a column for each", () => {
    expect(parseAddresses("Ann Doe <ann@example.com>, bob@example.com\ncat@example.com;dan@example.com")).toHaveLength(
      4,
    );
  });

  it("also where the page has to ask about the columns", () => {
    expect(
      readList("Ann Doe,ann@example.com,IT\nBob Roe;bob@example.com;Sales\nCat Low,cat@example.com,HR"),
    ).toMatchObject({
      question: { samples: [expect.anything(), ["Bob Roe", "bob@example.com", "Sales"], expect.anything()] },
    });
  });
});

describe("under a header, a line that its columns do not explain is a row, or is left out by name", () => {
  const odd = { email: "bar@example.com", typed: "foo bar@example.com" };
  it.each<[line: string, row: Recipient]>([
    ["foo bar@example.com", odd],
    ["Bob bob@example.com", { ...bob, name: "Bob" }],
    ['"bob@example.com"', bob],
    ['"Roe, Bob" bob@example.com', BOB],
    ['"Bob Roe" "bob@example.com"', BOB],
    ["bob@example.com (Bob)", { ...bob, name: "Bob" }],
  ])("row: %s", (line, row) => {
    for (const text of [`Name,Email\nAnn Doe,ann@example.com\n${line}`, `${line}\nName,Email\nAnn Doe,ann@example.com`])
      expect(readTexts(text)).toEqual({
        rows: expect.arrayContaining([ANN, row]),
        leftOut: [{ reason: "header", text: "Name,Email" }],
      });
  });

  it("a header of one column keeps the doubt about a line", () => {
    expect(parseAddresses("Email\nann@example.com\nfoo bar@example.com")).toEqual([ann, odd]);
  });

  it.each<[line: string, leftOut: LeftOutText]>([
    ["bob@example.com please", { reason: "prose", text: "bob@example.com please" }],
    ["Exported by bob@example.com", { reason: "prose", text: "Exported by bob@example.com" }],
    ["see; bar@example.com or so", { reason: "prose", text: "see; bar@example.com or so" }],
    ["bob@example.com,cat@example.com", { reason: "unchosen", text: "bob@example.com" }],
    ["Private email: bob@example.com", { reason: "others", text: "Private email: bob@example.com" }],
    ["From: Bob Roe <bob@>", { reason: "invalid", text: "From: Bob Roe <bob@>" }],
    ["Name <bob@example>", { reason: "invalid", text: "Name <bob@example>" }],
    ["-- ,", { reason: "marks", text: "-- ," }],
  ])("left out: %s", (line, leftOut) => {
    expect(readTexts(`Name,Email\nAnn Doe,ann@example.com\n${line}`)).toMatchObject({
      leftOut: [{ reason: "header", text: "Name,Email" }, leftOut],
    });
  });

  it("without a header, a part of a line is left out by name, too", () => {
    expect(readTexts("Ann Doe, ann@example.com, manager max@example.com")).toEqual({
      rows: [ANN],
      leftOut: [{ reason: "others", text: "manager max@example.com" }],
    });
  });
});

it("a line that ends with a colon is a title", () => {
  const text = "Sales:\nAnn Doe, ann@example.com\nMarketing:\nBob Roe, bob@example.com";
  expect(readList(text)).toEqual({ rows: [ANN, BOB], leftOut: { title: 2 } });
});

describe("a text of more than a name", () => {
  it.each<[what: string, name: string, email: string, names: string[]]>([
    ["a department", "Ann Doe, Sales", "ann.doe@example.com", ["Ann Doe"]],
    ["what may be a department", "Ann Doe, Sales", "ann@example.com", ["Ann Doe", "Sales Ann Doe"]],
    ["two family names", "García López, Ana", "ana.garcia@example.com", ["Ana García López"]],
    ["two family names, and an initial", "García López, Ana", "agarcia@example.com", ["Ana García López"]],
    ["two family names, and another address", "García López, Ana", "e123@example.com", ["Ana García López"]],
    ["two people", "Ann Doe & Bob Roe", "ann@example.com", ["Ann Doe", "Bob Roe"]],
    ["two people, in words", "Ann Doe and Bob Roe", "ann@example.com", ["Ann Doe", "Bob Roe"]],
    ["two people, with a slash", "Ann Doe / Bob Roe", "ann@example.com", ["Ann Doe", "Bob Roe"]],
    ["a family name with y", "Ortega y Gasset, José", "jose@example.com", ["José Ortega y Gasset"]],
    ["a comma in brackets", "Doe, Ann (Acme, Berlin)", "ann@example.com", ["Ann Doe"]],
    ["a German doctor", "Frau Dr. med. habil. Eva Fuchs", "fuchs@example.com", ["Frau Dr. med. habil. Eva Fuchs"]],
  ])("%s: %s", (_, text, email, [name, ...more]) => {
    const row = more.length > 0 ? { email, beside: [name, ...more] } : { email, name };
    expect(parseAddresses(`${text} <${email}>`)).toEqual([row]);
    if (!text.includes(" / ")) expect(parseAddresses(`"${text}" <${email}>`)).toEqual([row]);
    expect(parseAddresses(`Name;Email\n${text};${email}`)).toEqual([row]);
  });

  it.each([
    ["behind an address", "ann@example.com New York", { ...ann, beside: ["New York"] }],
    ["in brackets behind an address", "ann@example.com (Berlin)", { ...ann, beside: ["Berlin"] }],
    ["behind an address, and like it", "ann@example.com (Ann)", { ...ann, name: "Ann" }],
    ["behind a dash", '"Doe, Ann - Sales" <ann@example.com>', ANN],
    ["before a dash", "Acme Berlin - Ann Doe <ann@example.com>", ANN],
    [
      "in lower case, like its address",
      "ann doe;ann.doe@example.com",
      { email: "ann.doe@example.com", name: "ann doe" },
    ],
  ])("a text %s: %s", (_, text, row) => expect(parseAddresses(text)).toEqual([row]));

  it("two people beside one address, without a header", () =>
    expect(parseAddresses("Ann Doe & Bob Roe\tann@example.com")).toEqual([{ ...ann, beside: ["Ann Doe", "Bob Roe"] }]));

  it("a label of a meeting's guests is no name", () =>
    expect(parseAddresses("Required: Ann Doe <ann@example.com>\nOptional: Bob Roe <bob@example.com>")).toEqual([
      ANN,
      BOB,
    ]));
});

describe("a name without capitals", () => {
  const all = "Ann Doe,ann@example.com\nBob Roe,bob@example.com\n";
  const cat = { email: "cat@example.com" };
  it.each<[what: string, text: string, last: Recipient]>([
    ["in a column of names is a name", `${all}cat poe,cat@example.com`, { ...cat, name: "cat poe" }],
    ["of one word, in a column of names, is a name", `${all}cat,cat@example.com`, { ...cat, name: "cat" }],
    [
      "in a column of other texts may be one",
      "on site,ann@example.com\ncat poe,cat@example.com",
      { ...cat, beside: ["cat poe"] },
    ],
    ["beside an only address may be one", "cat poe,cat@example.com", { ...cat, beside: ["cat poe"] }],
    ["of a sentence is none", `${all}please add,cat@example.com`, cat],
  ])("%s", (_, text, last) => expect(parseAddresses(text).at(-1)).toEqual(last));
});

describe("no name is better than a wrong one", () => {
  it.each<[text: string]>([
    ["Hello Ann, ann@example.com"],
    ["Welcome Bob, ann@example.com"],
    ["Good Morning ann@example.com"],
    ["Bonjour Dan <ann@example.com>"],
    ["Ciao Eve ann@example.com"],
    ["Moin Bob <ann@example.com>"],
    ["Sehr geehrte Frau Doe <ann@example.com>"],
    ["E1001,ann@example.com"],
    ["anndoe,ann@example.com"],
    ["ann@example.com,Suspended"],
    ["To,ann@example.com"],
    ["Organizer,ann@example.com"],
    ["Ask Dan <ann@example.com>"],
    ["Replaces Jon Kay <ann@example.com>"],
    ["Sie finden Gus <ann@example.com>"],
    ["Could you add ann@example.com? Cheers"],
    ["Please add ann@example.com ? Cheers"],
    ["Please add ann@example.com! Cheers"],
    ["Please add ann@example.com… Cheers"],
    ["Also ann@example.com. Best"],
    ["Also <ann@example.com>. Best"],
    ["Could you add <ann@example.com>! Cheers"],
    ["Can Ann (ann@example.com) please get access"],
    ["Can Ann Doe <ann@example.com> get a seat?"],
    ["Is Ann Doe ann@example.com in?"],
    ["Merci d'inviter Fay Gill <ann@example.com>"],
    ["see Ann Doe <ann@example.com>"],
    ["Ann Doe via Google Groups <ann@example.com>"],
    ["Eve Help on behalf of Max Boss <ann@example.com>"],
    ["Starts Monday ann@example.com"],
    ["ann@example.com (Work)"],
    ["ann@example.com [External]"],
    ["ann@example.com (Maternity Leave)"],
    ["ann@example.com Pending"],
    ["mailto;ann@example.com"],
    ["<li>Ann Doe</li>;ann@example.com"],
  ])("beside an address: %s", (text) => expect(parseAddresses(text)).toEqual([ann]));

  it.each<[text: string]>([
    ["Hi, could you add Ann Doe (ann@example.com) and Bob Roe (bob@example.com)? Cheers!"],
    ["Hello, ann@example.com should get a seat. Also bob@example.com. Best"],
    ["Are Ann Doe <ann@example.com> and Bob Roe <bob@example.com> in?"],
    ["Can Ann (ann@example.com) please get access, cc Bob (bob@example.com)?"],
  ])("in a sentence about two: %s", (text) => expect(parseAddresses(text)).toEqual([ann, bob]));

  it.each<[what: string, text: string, name: string]>([
    ["before an address in brackets", "John Smith 2 <ann@example.com>", "John Smith 2"],
    ["in a column of names", "Email;Name\nann@example.com;Staff 1", "Staff 1"],
    ["in two columns", "First,Last,Email\nJohn,Smith 2,ann@example.com", "John Smith 2"],
    ["beside an address", "ann@example.com;Ann2 Roe", "Ann2 Roe"],
    ["in running text", "John Smith 2 ann@example.com", "John Smith 2"],
  ])("a name with a digit stays: %s", (_, text, name) =>
    expect(parseAddresses(text)).toEqual([{ email: "ann@example.com", name }]),
  );

  it.each<[text: string, emails: string[]]>([
    ["peter@acme,example", ["peter@acme,example"]],
    ["ann@example.com, peter@acme,example", ["ann@example.com", "peter@acme,example"]],
    ["peter@acme,example\nann@example.com", ["peter@acme,example", "ann@example.com"]],
    ["peter@acme,Peter", ["peter@acme"]],
    ["ann@acme,bob@acme", ["ann@acme", "bob@acme"]],
  ])("a comma in place of a dot stays in its address: %s", (text, emails) =>
    expect(parseAddresses(text).map(({ email }) => email)).toEqual(emails),
  );

  it("a full stop after an address does not end the list", () => {
    expect(parseAddresses("Ann Doe ann@example.com. Bob Roe bob@example.com.")).toEqual([ANN, BOB]);
  });

  it.each<[cell: string]>([
    ["N/A"],
    ["NA"],
    ["#N/A"],
    ["#REF!"],
    ["NULL"],
    ["TBC"],
    ["unknown"],
    ["None"],
    ["TRUE"],
    ["Mr"],
    ["See above"],
    ["finance team"],
    ["Manager: Max Boss"],
    ["E1001"],
    ["-"],
  ])("in a column of names: %s", (cell) =>
    expect(parseAddresses(`Email;Name\nann@example.com;${cell}`)).toEqual([ann]),
  );

  it.each<[text: string]>([
    ["Max Boss ann@example.com, Max Boss bob@example.com"],
    ["Name,Email\nAcme Ltd,ann@example.com\nAcme Ltd,bob@example.com"],
  ])("a name with two addresses: %s", (text) => expect(parseAddresses(text)).toEqual([ann, bob]));

  it.each<[what: string, text: string]>([
    ["before brackets", "Ann Lee <ann@example.com>, Ann Lee <lee2@example.com>, Bob Roe <bob@example.com>"],
    ["in a column of names", "Name,Email\nAnn Lee,ann@example.com\nAnn Lee,lee2@example.com\nBob Roe,bob@example.com"],
    [
      "in two columns",
      "First name\tLast name\tEmail\nAnn\tLee\tann@example.com\nAnn\tLee\tlee2@example.com\nBob\tRoe\tbob@example.com",
    ],
    ["beside addresses like it", "Ann Lee,ann@example.com\nAnn Lee,lee2@example.com\nBob Roe,bob@example.com"],
    ["before addresses like it", "Ann Lee ann@example.com\nAnn Lee lee2@example.com\nBob Roe bob@example.com"],
  ])("two people may have one name: %s", (_, text) =>
    expect(parseAddresses(text)).toEqual([
      { ...ann, name: "Ann Lee" },
      { email: "lee2@example.com", name: "Ann Lee" },
      BOB,
    ]),
  );

  it("in a column of names that somebody has chosen, two people may have one name", () => {
    const text = "Ann Lee,IT,ann@example.com\nAnn Lee,HR,two@example.com";
    const name = "Ann Lee";
    expect(readList(text, [{ email: 2, name: 0 }])).toMatchObject({ rows: [{ name }, { name }] });
  });

  it.each(["Acme Ltd", "Acme Berlin GmbH", "Acme & Co. KG", "Acme S.A.", "Acme Paris SA", "Acme BV"])(
    "a company is no name: %s",
    (company) => expect(parseAddresses(`Name,Email\n${company},ann@example.com`)).toEqual([ann]),
  );
  it.each(["Anna Ag", "ANN AG", "Li Se"])("a name may end like a company: %s", (name) =>
    expect(parseAddresses(`Name,Email\n${name},ann@example.com`)).toEqual([{ ...ann, name }]),
  );

  it("two people may share a first name", () => {
    expect(parseAddresses("First name,Email\nAnn,ann@example.com\nAnn,bob@example.com")).toEqual([
      { ...ann, name: "Ann" },
      { ...bob, name: "Ann" },
    ]);
  });

  it.each<[text: string, name: string]>([
    ["Ann Doe [External]", "Ann Doe"],
    ["[EXT] Ann Doe", "Ann Doe"],
    ["Ann Doe {Acme}", "Ann Doe"],
    ["Ann Doe (Guest)", "Ann Doe"],
    ["Ann Doe [On Leave] (12345)", "Ann Doe"],
    ["Ann Doe | Acme", "Ann Doe"],
    ["Ann Doe, CPA, CFA", "Ann Doe, CPA, CFA"],
    ["ann doe", "ann doe"],
    ["Na Li", "Na Li"],
    ["Ann de Souza e Silva", "Ann de Souza e Silva"],
  ])("a name without the text around it: %s", (text, name) =>
    expect(parseAddresses(`${text} <ann@example.com>`)).toEqual([{ ...ann, name }]),
  );

  it("one column is not two parts of a name", () => {
    const text = "Name,Work Email,Home Email\nDoe,ann@example.com,ann@home.example";
    expect(readList(text, [{ email: 1, name: 0, family: 0 }])).toMatchObject({ rows: [{ ...ann, name: "Doe" }] });
  });
});

describe("generated lists", () => {
  /** Enough on a busy machine. */
  const PATIENCE = 120_000;
  const word = fc
    .stringMatching(/^[A-ZÀ-ÖØ-ÞĀĂĄŁŽ][a-zß-öø-ÿąęłńśżž][A-Za-zÀ-ÖØ-öø-ÿĀ-ľŁ-ň]{0,7}([-'’][A-Za-zà-öø-ÿ]{1,6})?$/)
    .filter(
      (word) =>
        !NO_NAMES.has(word.toLowerCase()) &&
        !HONORIFICS.has(word.toLowerCase()) &&
        !isSomebodyElses(word) &&
        !isSuffix(word) &&
        word.normalize("NFKC") === word,
    );
  const names = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(" "));
  const email = fc.stringMatching(/^[a-z0-9]([a-z0-9.+_'-]{0,10}[a-z0-9])?@[a-z0-9]{1,8}(\.[a-z]{2,5}){1,2}$/);
  const rowsOf = (name: fc.Arbitrary<string>) =>
    fc.uniqueArray(fc.record({ email, name: fc.option(name, { nil: undefined }) }), {
      minLength: 1,
      maxLength: 30,
      selector: ({ name }) => name,
      comparator: (one, other) => one !== undefined && one === other,
    });
  const expected = (rows: { email: string; name: string | undefined }[]) =>
    rows.map(({ email, name }) => (name === undefined ? { email } : { email, name }));
  /** What a clipboard may add. */
  const noise = fc.record({
    before: fc.constantFrom("", "\ufeff", "\n", "\u00a0"),
    after: fc.constantFrom("", "\n", "\r\n", "\u200b", " "),
    windows: fc.boolean(),
  });
  const pasted = (text: string, { before, after, windows }: { before: string; after: string; windows: boolean }) =>
    before + (windows ? text.replaceAll("\n", "\r\n") : text) + after;

  it("addresses", () => {
    const separator = fc.constantFrom("\n", ", ", ",", "; ", ";", " ", "\t", ",\n", ";\n");
    const around = fc.constantFrom<(email: string) => string>(
      (email) => email,
      (email) => `<${email}>`,
      (email) => `mailto:${email}`,
      (email) => `<mailto:${email}>`,
      (email) => `"${email}"`,
    );
    fc.assert(
      fc.property(
        fc.array(email, { minLength: 1, maxLength: 30 }),
        separator,
        around,
        noise,
        (emails, between, print, noise) => {
          expect(parseAddresses(pasted(emails.map(print).join(between), noise))).toEqual(
            emails.map((email) => ({ email })),
          );
        },
      ),
    );
  });

  it("recipients", () => {
    const separator = fc.constantFrom("\n", ", ", "; ", ",\n", ";\n");
    fc.assert(
      fc.property(rowsOf(names), separator, noise, (rows, between, noise) => {
        const text = rows.map(({ email, name }) => (name ? `${name} <${email}>` : `<${email}>`)).join(between);
        expect(parseAddresses(pasted(text, noise))).toEqual(expected(rows));
      }),
    );
  });

  const lastFirst = (name: string) => name.replace(/^(\S+) (\S+)$/, "$2, $1");

  it("recipients with commas in their names, quoted or separated as in Outlook", () => {
    fc.assert(
      fc.property(
        rowsOf(fc.tuple(word, word).map((name) => name.join(" "))),
        fc.boolean(),
        noise,
        (rows, quoted, noise) => {
          const print = (name: string) => (quoted ? `"${lastFirst(name)}"` : lastFirst(name));
          const text = rows
            .map(({ email, name }) => (name ? `${print(name)} <${email}>` : email))
            .join(quoted ? ", " : "; ");
          expect(parseAddresses(pasted(text, noise))).toEqual(expected(rows));
        },
      ),
    );
  });

  it("tables", () => {
    const name = fc.tuple(names, fc.constantFrom("", ", Dr", "; PhD", ' "Al" Ix')).map((parts) => parts.join(""));
    const form = fc.record({
      delimiter: fc.constantFrom(",", ";", "\t"),
      header: fc.boolean(),
      quotes: fc.boolean(),
      emailFirst: fc.boolean(),
      title: fc.constantFrom("email", "E-mail", "Email Address", "MAIL", "Address"),
    });
    fc.assert(
      fc.property(rowsOf(name), form, noise, (rows, { delimiter, header, quotes, emailFirst, title }, noise) => {
        const order = (email: string, name: string) => (emailFirst ? [email, name] : [name, email]);
        const records = [
          ...(header ? [order(title, "Name")] : []),
          ...rows.map(({ email, name }) => order(email, name ?? "")),
        ];
        const text = Papa.unparse(records, { delimiter, quotes, newline: "\n" });
        // Names that are like no address are asked about.
        const answer = emailFirst ? { email: 0, name: 1 } : { email: 1, name: 0 };
        const list = readList(pasted(text, noise), [answer]);
        // One word in a single line is offered as the name.
        const found =
          "rows" in list
            ? list.rows.map(({ email, name, beside: [offered] = [] }) => ({ email, name: name ?? offered }))
            : [];
        expect(found).toEqual(rows);
      }),
    );
  });

  it(
    "each line becomes a row or is counted",
    () => {
      const cell = fc.oneof(
        email,
        names,
        fc.constantFrom(
          "",
          "",
          "-",
          "1.",
          "Email",
          "Name",
          "Sales",
          "ann@@example.com",
          "E-Mail (Manager)",
          "--",
          "From: max@example.com",
          "2026 max@example.com wrote:",
          "email=max@example.com",
        ),
      );
      const delimiter = fc.constantFrom(",", ";", "\t");
      fc.assert(
        fc.property(
          fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
          delimiter,
          (records, delimiter) => {
            const lines = records.filter((cells) => cells.some(Boolean)).map((cells) => cells.join(delimiter));
            const answers = Array.from({ length: 10 }, () => ({ email: 0, name: 1 }));
            const list = readList(lines.join("\n"), answers);
            if ("question" in list) throw new Error("asked again");
            const counted = Object.values(list.leftOut).reduce((sum, count) => sum + count, 0);
            // A name on a line of its own becomes a part of the next row.
            const joined = list.rows.filter(({ name }) => name && lines.some((line) => line.includes(name))).length;
            expect(list.rows.length + counted + joined).toBeGreaterThanOrEqual(lines.length);
          },
        ),
        { numRuns: 1000 },
      );
    },
    PATIENCE,
  );

  it(
    "a line of any pieces becomes a row or is counted",
    () => {
      const piece = fc.oneof(
        email,
        word,
        fc.constantFrom(
          ",",
          ";",
          "\t",
          " ",
          "<",
          ">",
          '"',
          "@",
          "(",
          "1.",
          "-",
          "and",
          "please",
          "To:",
          "From:",
          "wrote:",
          "2026",
          "--",
          "?",
          "email=",
          "mailto:",
          "Email",
          "sep=;",
          "…",
        ),
      );
      const header = fc.constantFrom("", "Email\n", "Name,Email\n", "Email\tWork email\n");
      fc.assert(
        fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), header, (pieces, header) => {
          const line = pieces.join("");
          fc.pre(/[^\s,;"]/.test(line));
          const list = readList(header + line, [{ email: 0, name: 1 }, { email: 0 }]);
          if ("question" in list) throw new Error("asked again");
          const counted = Object.values(list.leftOut).reduce((sum, count) => sum + count, 0);
          expect(list.rows.length + counted).toBeGreaterThanOrEqual(header ? 2 : 1);
        }),
        { numRuns: 2000 },
      );
    },
    PATIENCE,
  );

  it("loses no text", () => {
    const piece = fc.oneof(email, word, fc.constantFrom(",", ";", "\t", "\n", " ", "<", ">", '"', "@", "mailto:"));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join("");
        const list = readList(text);
        // A question loses nothing: the text stays in the box.
        if ("question" in list) return;
        const kept = JSON.stringify(list.rows);
        for (const [address] of text.matchAll(/(?<![^\s])[a-z0-9]+@[a-z0-9]+\.[a-z]{2,5}(?![^\s])/g))
          expect(kept).toContain(address);
      }),
    );
  });
});

it.each([
  ["", "is empty"],
  ["\n \n", "is empty"],
  ["Name,Email\n", "has a header line, and nobody below it"],
  ["Vorname\tNachname\tE-Mail\tAbteilung", "has a header line, and nobody below it"],
  ["Name,Email\nAnn,\nBob,", undefined],
  ["Email\nann at example.com", undefined],
  ["Name,Email\nAnn,ann@example.com", undefined],
])("of a file without people it is said why: %j", (text, why) => expect(whyNobody(text)).toBe(why));

it.each(["To Minh", "Sam From", "Private Eye", "Cc Peniston", "HR 1", "Home 1"])(
  "in a column of names, %s is a name",
  (name) => {
    const [first, last] = name.split(" ");
    for (const text of [
      `Email,Name\nann@example.com,${name}\n`,
      `Name\tEmail\n${name}\tann@example.com\nBob Roe\tbob@example.com`,
      ...(last === "1" ? [] : [`First name,Last name,Email\n${first},${last},ann@example.com`]),
    ])
      expect(readList(text)).toMatchObject({ rows: expect.arrayContaining([{ email: "ann@example.com", name }]) });
  },
);

it.each(["Private", "Cc", "To Team", "Private Email", "Please Invite"])(
  "%s is no name in a column of names",
  (name) => {
    expect(JSON.stringify(readList(`Email,Name\nann@example.com,${name}\n`))).not.toContain(`"name":`);
  },
);
