/** The switch of the manager's daily email. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { getDigest, type Problem, setDigest } from "./api";
import { session } from "./session";
import { asProblem, type Loaded, useLoad } from "./ui/load";
import { announce, Failure, Notice, Waiting } from "./ui/status";
import { Text } from "./ui/text";

/** How long it goes on after it was switched on or renewed. */
const DAYS = 180;

export function Digest() {
  const loaded = useLoad("digest", getDigest);
  const { value } = loaded;
  return (
    <details class="digest">
      <summary>
        Daily email about deals that need your attention
        <Text>{value ? `: ${value.on ? "on" : "off"}` : ""}</Text>
      </summary>
      <p>
        At most one email a day, and none if nothing is new. It says how many people asked for a new link or a seat, how
        many invites did not arrive and how many people declined. It also says when a deal’s seats run low, and when a
        deal ends within 30 days. It names no learner.
      </p>
      <Switch {...loaded} />
    </details>
  );
}

function Switch({ value, problem, reload, update }: Loaded<{ on: boolean }>) {
  const [busy, setBusy] = useState<boolean>();
  const [failure, setFailure] = useState<{ problem: Problem; on: boolean; what: string }>();
  /** How often it was switched or renewed. */
  const [times, setTimes] = useState(0);
  const [renewed, setRenewed] = useState(false);
  const said = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => {
    // The button that was pressed may be gone.
    if (times > 0) said.current?.focus();
  }, [times]);
  const put = async (on: boolean) => {
    if (busy !== undefined) return;
    setBusy(on);
    setFailure(undefined);
    setRenewed(false);
    const what = !on ? "switched off" : value?.on ? "renewed" : "switched on";
    const show = (stored: { on: boolean }) => {
      update(() => stored);
      setTimes((times) => times + 1);
      setRenewed(stored.on && value?.on === true);
      announce(stored.on ? "The daily email is on" : "The daily email is off");
    };
    try {
      show(await setDigest(on));
    } catch (error) {
      const problem = asProblem(error);
      const now = problem.isLost ? await getDigest().catch(() => undefined) : undefined;
      // Whether a renewal went through cannot be seen.
      if (now?.on === on && value?.on !== on) return show(now);
      if (now) update(() => now);
      setFailure({ problem, on, what });
    } finally {
      setBusy(undefined);
    }
  };
  if (!value)
    return problem ? <Failure problem={problem} reload={() => void reload()} /> : <Waiting what="Loading" rows={1} />;
  const to = session.value?.email ? ` to ${session.value.email}` : "";
  const words = value.on
    ? `It is on, and goes${to}. It ends ${DAYS} days after you last switched it on or renewed it: each email names the day.`
    : "It is off.";
  return (
    <>
      <p ref={said} tabIndex={-1}>
        <Text>{words}</Text>
      </p>
      {renewed && <Notice tone="good">Renewed for {DAYS} days.</Notice>}
      {failure?.problem.code === "no_verified_address" ? (
        <Notice tone="bad">
          Your account has no verified email address, so the email has nowhere to go. Verify the address where you
          manage your account, sign in again, then switch it on.
        </Notice>
      ) : (
        failure && (
          <Failure
            problem={failure.problem}
            text={`${failure.problem.isLost ? "We don’t know whether the daily email was" : "The daily email was not"} ${failure.what}.`}
            retry={() => void put(failure.on)}
          />
        )
      )}
      <p class="actions">
        {value.on && <Put on label={`Renew for ${DAYS} days`} busy={busy} onPut={put} />}
        <Put on={!value.on} label={value.on ? "Switch off" : "Switch on"} busy={busy} onPut={put} />
      </p>
    </>
  );
}

function Put({
  on,
  label,
  busy,
  onPut,
}: {
  on: boolean;
  label: string;
  /** What is being switched to. */
  busy: boolean | undefined;
  onPut: (on: boolean) => Promise<void>;
}) {
  return (
    <button
      type="button"
      class="secondary outline small"
      aria-busy={busy === on}
      aria-disabled={busy !== undefined}
      onClick={() => void onPut(on)}
    >
      <Text>{label}</Text>
    </button>
  );
}
