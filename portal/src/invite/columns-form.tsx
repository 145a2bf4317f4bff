/** Asks which columns of a table have the addresses and the names. */
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Text } from "../ui/text";
import { type Columns, type ColumnsQuestion, EVERY, type Guess } from "./columns";

/** More columns do not fit side by side. */
const MOST_SHOWN = 6;
/** Of the line that a question is about, in characters. */
const LONGEST_LINE = 80;

export function ColumnsForm({
  question,
  isNext,
  onChosen,
  onNone,
}: {
  question: ColumnsQuestion;
  /** Whether the same was asked about another table of the text. */
  isNext: boolean;
  onChosen: (columns: Columns) => void;
  onNone: () => void;
}) {
  const { labels, samples, addresses, names, family, untitled, guess } = question;
  const [columns, setColumns] = useState<Guess>(guess);
  const { email, name } = columns;
  const begin = (untitled ? (samples[0] ?? []) : labels).filter(Boolean).join(", ");
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  // The guess and the other address columns first, because the choice is between these.
  const shown = [...new Set([guess.email, ...addresses, guess.name, guess.family, ...names])]
    .filter((column) => column !== undefined)
    .slice(0, MOST_SHOWN)
    .sort((a, b) => a - b);
  const submit = (event: Event) => {
    event.preventDefault();
    if (email !== undefined) onChosen({ ...columns, email });
  };
  return (
    <form class="question" aria-label="Columns" onSubmit={submit}>
      <h2 ref={heading} tabIndex={-1}>
        {isNext ? "Which columns do you mean in the next table?" : "Which columns do you mean?"}
      </h2>
      <p>
        This question is about the table that begins with “{begin.slice(0, LONGEST_LINE)}
        {begin.length > LONGEST_LINE && "…"}”.
      </p>
      <p class="soft">
        {addresses.length > 1
          ? "More than one column has addresses. Only the addresses in the column that you choose are invited."
          : "We could not tell which columns have the addresses and names. Choose “No name” if no column has the people’s names. If no column has their addresses, correct the text above."}
      </p>
      <table class="rows" role="table" aria-label="First rows">
        <thead role="rowgroup">
          <tr role="row">
            {shown.map((column) => (
              <th key={column} role="columnheader" scope="col">
                {labels[column]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {samples.map((cells, row) => (
            <tr key={row} role="row">
              {shown.map((column) => (
                <td key={column} role="cell" data-label={labels[column]}>
                  <Text>{cells[column] || "–"}</Text>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <div class="choices">
        <Choice
          label="Address column"
          options={addresses}
          none={email === undefined ? "Choose…" : undefined}
          every={untitled}
          {...{ labels }}
          value={email}
          onChange={(email) => setColumns({ ...columns, email })}
        />
        {names.length > 0 && email !== EVERY && (
          <Choice
            label="Name column"
            options={names}
            none="No name"
            {...{ labels }}
            value={name}
            onChange={(name) =>
              setColumns({
                ...columns,
                name,
                family: name === undefined || name === columns.family ? undefined : columns.family,
              })
            }
          />
        )}
        {family && name !== undefined && email !== EVERY && (
          <Choice
            label="Family name column"
            options={names.filter((column) => column !== name)}
            none="None"
            {...{ labels }}
            value={columns.family}
            onChange={(family) => setColumns({ ...columns, family })}
          />
        )}
      </div>
      <p class="actions">
        <button type="submit" aria-disabled={email === undefined}>
          Use these columns
        </button>
        <button type="button" class="secondary outline" onClick={onNone}>
          None of these
        </button>
      </p>
    </form>
  );
}

function Choice({
  label,
  labels,
  options,
  none,
  every,
  value,
  onChange,
}: {
  label: string;
  labels: string[];
  options: number[];
  /** The label of the option to choose no column, if there is one. */
  none?: string | undefined;
  /** Offers the addresses of all columns. */
  every?: boolean;
  value: number | undefined;
  onChange: (column: number | undefined) => void;
}) {
  const id = useId();
  return (
    <div>
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value ?? ""}
        onChange={({ currentTarget: { value } }) => onChange(value === "" ? undefined : Number(value))}
      >
        {none && <option value="">{none}</option>}
        {options.map((column) => (
          <option key={column} value={column}>
            {labels[column]}
          </option>
        ))}
        {every && <option value={EVERY}>All of them: this is a list, not a table</option>}
      </select>
    </div>
  );
}
