/** The settings of a deal: when people are reminded who have not answered. */
import "./settings.css";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type DealWithSeats, getDeal, type Problem, setReminders } from "../api";
import { type Config, loadConfig } from "../config";
import { Missing } from "../seats/seats";
import { editedOf } from "../storage";
import { instant } from "../time";
import { Heading } from "../ui/frame";
import { asProblem, useLoad } from "../ui/load";
import { Failure, Notice, Waiting } from "../ui/status";
import { Text } from "../ui/text";
import { useNow } from "../ui/when";
import {
  afterOf,
  meaning,
  merged,
  refusedIn,
  type Steps,
  stepsOf,
  UNITS,
  type Unit,
  type Wrong,
  wrongIn,
} from "./reminders";

export function SettingsPage({ deal }: { deal: string }) {
  const { value, problem, reload } = useLoad(deal, async () => (await getDeal(deal)).body);
  if (problem?.code === "not_found") return <Missing />;
  return (
    <>
      <p>
        <a class="alone" href={`/deals/${deal}`}>
          ‹ Deal seats{value && `: ${value.name}`}
        </a>
      </p>
      <Heading title="Reminders">Reminders</Heading>
      {value?.state === "ended" ? (
        <p>
          <Text>{`This deal ended on ${instant(value.endsAt)}. Nobody can be invited or reminded any more.`}</Text>
        </p>
      ) : value ? (
        <Reminders key={value.id} deal={value} />
      ) : problem ? (
        <Failure problem={problem} reload={() => void reload()} />
      ) : (
        <Waiting what="Loading the deal" />
      )}
    </>
  );
}

/** What was changed and not saved, and the setting that was changed. */
interface Draft {
  steps: Steps;
  stored: Steps;
}
/** An earlier version kept no setting. */
const draftIn = (draft: Draft | undefined) => (draft?.stored ? draft : undefined);

const NOTHING: Wrong = [undefined, undefined];
const LABELS = ["First reminder", "Second reminder"] as const;

function Reminders({ deal }: { deal: DealWithSeats }) {
  const edited = editedOf<Draft>(`reminders:${deal.id}`);
  const [before, setBefore] = useState(() => draftIn(edited.kept()));
  /** The setting that the person changes. That of a draft may be an older one. */
  const [stored, setStored] = useState<Steps>(() => before?.stored ?? stepsOf(deal.reminders));
  const [steps, setSteps] = useState<Steps>(before?.steps ?? stored);
  const [wrong, setWrong] = useState<Wrong>(NOTHING);
  const [failure, setFailure] = useState<{ problem: Problem; isUnknown: boolean }>();
  const [told, setTold] = useState<{ tone: "good" | "plain"; text: string }>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const now = useNow();
  const [config, setConfig] = useState<Config>();
  useEffect(() => {
    // Sign-in has loaded the settings already.
    void loadConfig().then(setConfig);
  }, []);
  useLayoutEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [wrong]);

  const show = (changed: Steps, stored: Steps) => {
    edited.keep(JSON.stringify(changed) === JSON.stringify(stored) ? undefined : { steps: changed, stored });
    setSteps(changed);
    setStored(stored);
    setWrong(NOTHING);
    setTold(undefined);
  };
  const change = (index: number, change: Partial<Steps[0]>) =>
    busy || show(steps.map((step, at) => (at === index ? { ...step, ...change } : step)) as unknown as Steps, stored);
  const startAgain = () => {
    if (busy) return;
    setBefore(undefined);
    show(stepsOf(deal.reminders), stepsOf(deal.reminders));
  };
  const save = async (event?: Event) => {
    event?.preventDefault();
    if (busy) return;
    const found = wrongIn(steps);
    setWrong(found);
    setFailure(undefined);
    setTold(undefined);
    if (found.some(Boolean)) return;
    setBusy(true);
    let mine = steps;
    let sent: { after: string[]; news: string } | undefined;
    const saved = (after: string[], news: string) => {
      setBefore(undefined);
      show(stepsOf(after), stepsOf(after));
      setTold({ tone: news ? "plain" : "good", text: `Reminders saved. ${news}` });
    };
    try {
      // The API does not refuse to replace what somebody else has saved meanwhile.
      const now = stepsOf((await getDeal(deal.id)).body.reminders);
      const { steps: both, news } = merged(steps, stored, now);
      mine = both;
      const found = wrongIn(both);
      if (found.some(Boolean)) {
        show(both, now);
        setWrong(found);
        setTold({ tone: "plain", text: `Not saved. ${news}` });
        return;
      }
      sent = { after: afterOf(both), news };
      saved((await setReminders(deal.id, sent.after)).after, news);
    } catch (error) {
      const problem = asProblem(error);
      const refused = refusedIn(problem, mine);
      if (refused) return setWrong(refused);
      const found = sent && problem.isLost ? await getDeal(deal.id).catch(() => undefined) : undefined;
      const after = found?.body.reminders;
      if (sent && after?.join() === sent.after.join()) return saved(after, sent.news);
      setFailure({ problem, isUnknown: sent !== undefined && !found });
    } finally {
      setBusy(false);
    }
  };
  const isWrong = [...wrong, ...wrongIn(steps)].some(Boolean);
  return (
    <form class="reminders" ref={form} onSubmit={(event) => void save(event)} noValidate>
      <p>
        A reminder is another email about the same invite, with a link that works until the same date. It goes to people
        who have not answered, but not to those who stopped invites or whose email did not arrive. While the deal is
        full, nobody is reminded, nor in the last tenth of the time in which the invite can be accepted.
      </p>
      {before && (
        <p class="soft">
          You changed this before, and did not save it.{" "}
          <button type="button" class="link" onClick={startAgain}>
            Start again
          </button>
        </p>
      )}
      {LABELS.map((label, index) => (
        <StepField
          key={`${label} ${before !== undefined}`}
          label={label}
          step={steps[index]!}
          wrong={wrong[index]}
          busy={busy}
          onChange={(changed) => change(index, changed)}
        />
      ))}
      <p class="soft">Leave a field empty for no reminder.</p>
      {!isWrong && (
        <p>
          <Text>{meaning(steps, now, deal, config?.inviteLifetime)}</Text>
        </p>
      )}
      <p>This applies to invites that you send or resend from now on. Earlier invites keep their reminders.</p>
      <div class="message">
        {failure && (
          <Failure
            problem={failure.problem}
            {...(failure.problem.isLost && {
              text: failure.isUnknown
                ? "We don’t know whether the reminders were saved. Saving twice does no harm."
                : "The reminders were not saved.",
            })}
            retry={() => void save()}
            onClose={() => setFailure(undefined)}
          />
        )}
        {told && (
          <Notice tone={told.tone} onClose={() => setTold(undefined)}>
            <Text>{told.text}</Text>
          </Notice>
        )}
      </div>
      <p class="actions">
        <button type="submit" aria-busy={busy} aria-disabled={busy}>
          Save reminders
        </button>
      </p>
    </form>
  );
}

function StepField({
  label,
  step,
  wrong,
  busy,
  onChange,
}: {
  label: string;
  step: Steps[0];
  wrong: string | undefined;
  busy: boolean;
  onChange: (change: Partial<Steps[0]>) => void;
}) {
  const id = label.toLowerCase().replace(" ", "-");
  // Minutes and seconds are for tests: only a deal that has them shows them.
  const [first] = useState(step.unit);
  const units = (Object.keys(UNITS) as Unit[]).filter((unit) => unit === "d" || unit === "h" || unit === first);
  return (
    <div class="step">
      <label for={id}>{label} after</label>
      <div>
        <input
          id={id}
          type="text"
          inputMode="numeric"
          autocomplete="off"
          value={step.text}
          readOnly={busy}
          onInput={({ currentTarget }) => onChange({ text: currentTarget.value })}
          {...(wrong && { "aria-invalid": "true" as const, "aria-describedby": `${id}-help` })}
        />
        <select
          aria-label={`Unit of the ${label.toLowerCase()}`}
          value={step.unit}
          onChange={({ currentTarget }) => onChange({ unit: currentTarget.value as Unit })}
        >
          {units.map((unit) => (
            <option key={unit} value={unit}>
              {UNITS[unit]}
            </option>
          ))}
        </select>
      </div>
      {wrong && (
        <p id={`${id}-help`} class="wrong">
          <Text>{wrong}</Text>
        </p>
      )}
    </div>
  );
}
