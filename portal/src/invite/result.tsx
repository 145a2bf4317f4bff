/** The result of sending a list. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { counted, number, people } from "../ui/seat-numbers";
import { Text } from "../ui/text";
import { leftOver } from "./draft";
import { focusAddresses } from "./entry";
import { type Inviting, isFailed, type Row } from "./inviting";
import { csvOf, download } from "./result-file";
import { WithoutAnswer } from "./sending";
import { leftOutAs, predicted, sentOutcome, summaryOf } from "./verdicts";

export function Result({
  inviting,
  full,
  closed,
}: {
  inviting: Inviting;
  /** Whether no seat is free. */
  full: boolean;
  /** Whether the deal can't send invites any more. */
  closed: boolean | undefined;
}) {
  const rows = inviting.rows.value;
  const invited = rows.filter(({ sent }) => sent?.outcome === "invited").length;
  const notInvited = inviting.sent.value.filter(({ sent }) => sent?.outcome !== "invited");
  const failed = notInvited.filter(isFailed).length;
  const stopped = inviting.due.value.length;
  const unsure = inviting.due.value.filter(({ earlier }) => earlier).length;
  const earlier = rows.filter((row) => row.earlier === "yes").length;
  const leftOut = rows.flatMap(({ verdict }) => (verdict && verdict.outcome !== "invited" ? [verdict] : []));
  const open = inviting.open.value.length;
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  return (
    <section class="result" aria-label="Result">
      <h2 ref={heading} tabIndex={-1}>
        {invited === 0 && unsure === 0 ? "Nobody was invited" : `${people(invited)} invited`}
        {earlier > 0 && earlier === invited && "; the first attempt had gone through"}
      </h2>
      {earlier > 0 && earlier < invited && <p>The first attempt had already invited {number(earlier)} of them.</p>}
      {invited > 0 && (
        <p>
          The emails are being sent. The deal’s seats show each that could not be.{" "}
          <Text>
            {full
              ? "Every seat is taken: nobody can accept until a seat is free."
              : "Each person who accepts takes a seat."}
          </Text>
        </p>
      )}
      {notInvited.length > 0 && (
        <>
          <h3>{counted(notInvited.length, "person was", "people were")} not invited</h3>
          <NotInvited rows={notInvited} />
        </>
      )}
      {leftOut.length > 0 && <p>Left out before sending: {summaryOf(leftOut)}.</p>}
      {stopped > 0 && <p>{leftOver(inviting.due.value, "was not sent", "were not sent")}</p>}
      <WithoutAnswer rows={inviting.due.value} />
      <p class="actions">
        {failed > 0 && !closed && (
          <button type="button" onClick={() => void inviting.sendAgain()}>
            Retry {the(failed, "failed")}
          </button>
        )}
        {open > 0 && (
          <button
            type="button"
            class={failed > 0 && !closed ? "secondary outline" : ""}
            onClick={() => (void inviting.goBack(), focusAddresses())}
          >
            Go back to {the(open, "unsent")}
          </button>
        )}
        <a class={open > 0 ? "" : "go"} href={`/deals/${inviting.deal}`}>
          See the deal’s seats
        </a>
        <DownloadResult rows={rows} />
        {!closed && (
          <button type="button" class="secondary outline" onClick={() => (void inviting.goBack(), focusAddresses())}>
            Invite more people
          </button>
        )}
      </p>
    </section>
  );
}

/** `the failed invite`, `the 3 failed invites`. */
const the = (count: number, kind: string) =>
  count === 1 ? `the ${kind} invite` : `the ${number(count)} ${kind} invites`;

export function DownloadResult({ rows }: { rows: Row[] }) {
  return (
    <button type="button" class="secondary outline" onClick={() => download(csvOf(records(rows)), "invites.csv")}>
      Download result
    </button>
  );
}

function NotInvited({ rows }: { rows: Row[] }) {
  return (
    <table class="rows" role="table" aria-label="Not invited">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">
            Address
          </th>
          <th role="columnheader" scope="col">
            Expected
          </th>
          <th role="columnheader" scope="col">
            What happened
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map(({ id, email, verdict, sent }) => {
          const outcome = sent && sentOutcome(sent);
          return (
            <tr role="row" key={id}>
              <th role="rowheader" scope="row">
                <Text>{email}</Text>
              </th>
              <td role="cell" data-label="Expected">
                {verdict && predicted(verdict).label}
              </td>
              <td role="cell" data-label="What happened">
                <div>
                  <span class={`state ${outcome?.tone}`}>{outcome?.label}</span>
                  <div class="soft">{outcome?.note}</div>
                </div>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function records(rows: Row[]): string[][] {
  const record = (row: Row) => {
    const { email, name, verdict, sent } = row;
    if (!sent && verdict?.outcome === "invited") return [email, name, "Not sent", "Sending stopped before this row."];
    const words = sent ? sentOutcome(sent) : leftOutAs(row);
    return [email, name, words?.label ?? "Not sent", words?.note ?? ""];
  };
  return [["Email", "Name", "Outcome", "Detail"], ...rows.map(record)];
}
