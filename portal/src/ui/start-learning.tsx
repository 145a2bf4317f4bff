import { useEffect, useState } from "preact/hooks";
import { Problem } from "../api";
import { loadConfig } from "../config";
import { Failure } from "./status";

/** The way to learn, for who holds a seat. */
export function StartLearning() {
  const [url, setUrl] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const load = () =>
    loadConfig().then(
      ({ startUrl }) => {
        setUrl(startUrl);
        setProblem(undefined);
      },
      () => setProblem(new Problem("offline", "The link to start learning could not be loaded.")),
    );
  useEffect(() => void load(), []);
  return (
    <>
      {problem && <Failure problem={problem} reload={() => void load()} />}
      <p class="actions">
        {url && (
          <a class="go" href={url}>
            Start learning
          </a>
        )}
      </p>
    </>
  );
}
