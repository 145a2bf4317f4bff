/** Asks which columns of a table hold the addresses and the names. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Columns, ColumnsQuestion } from "./columns";

/** As many columns as fit beside each other. */
const MOST_SHOWN = 6;

export function ColumnsForm({ question, onChosen }: { question: ColumnsQuestion; onChosen: (columns: Columns) => void }) {
  const { labels, samples, addresses, names, family, guess } = question;
  const [columns, setColumns] = useState(guess);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  // The guess and the other addresses first, so that what is to be decided between is in sight.
  const shown = [...new Set([guess.email, ...addresses, guess.name, guess.family, ...names])]
    .filter((column) => column !== undefined).slice(0, MOST_SHOWN).sort((a, b) => a - b);
  return (
    <form class="question" aria-label="Columns" onSubmit={(event) => (event.preventDefault(), onChosen(columns))}>
      <h2 ref={heading} tabIndex={-1}>Which columns do you mean?</h2>
      <p class="soft">
        {addresses.length > 1
          ? "More than one column has addresses. Only those in the column that you choose are invited."
          : "It is not clear what the columns hold. Choose “No name” if none has the people’s own names."}
      </p>
      <table class="rows" role="table" aria-label="First rows">
        <thead role="rowgroup">
          <tr role="row">{shown.map((column) => <th key={column} role="columnheader" scope="col">{labels[column]}</th>)}</tr>
        </thead>
        <tbody role="rowgroup">
          {samples.map((cells, row) => (
            <tr key={row} role="row">
              {shown.map((column) => <td key={column} role="cell" data-label={labels[column]}><span>{cells[column] || "–"}</span></td>)}
            </tr>
          ))}
        </tbody>
      </table>
      <div class="choices">
        <Choice
          label="Address column" options={addresses} {...{ labels }} value={columns.email}
          onChange={(email) => email !== undefined && setColumns({ ...columns, email })}
        />
        {names.length > 0 && (
          <Choice label="Name column" options={names} none="No name" {...{ labels }} value={columns.name} onChange={(name) => setColumns({ ...columns, name })} />
        )}
        {family && (
          <Choice
            label="Family name column" options={names} none="None" {...{ labels }} value={columns.family}
            onChange={(family) => setColumns({ ...columns, family })}
          />
        )}
      </div>
      <p class="actions"><button type="submit">Use these columns</button></p>
    </form>
  );
}

function Choice({ label, labels, options, none, value, onChange }: {
  label: string;
  labels: string[];
  options: number[];
  /** What choosing no column is called, where that is possible. */
  none?: string;
  value: number | undefined;
  onChange: (column: number | undefined) => void;
}) {
  const id = useId();
  return (
    <div>
      <label for={id}>{label}</label>
      <select id={id} value={value ?? ""} onChange={({ currentTarget: { value } }) => onChange(value === "" ? undefined : Number(value))}>
        {none && <option value="">{none}</option>}
        {options.map((column) => <option key={column} value={column}>{labels[column]}</option>)}
      </select>
    </div>
  );
}
