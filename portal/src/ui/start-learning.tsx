import { useEffect, useState } from "preact/hooks";
import { loadConfig } from "../config";

/** The way to learn, for who holds a seat. */
export function StartLearning() {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    loadConfig().then(
      ({ startUrl }) => setUrl(startUrl),
      () => undefined,
    );
  }, []);
  return (
    <p class="actions">
      {url && (
        <a class="go" href={url}>
          Start learning
        </a>
      )}
    </p>
  );
}
