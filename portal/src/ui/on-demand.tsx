import type { ComponentType } from "preact";
import { useLoad } from "./load";
import { Failure, Waiting } from "./status";

/** A page whose script is loaded when it is opened: most people open the list of seats only. */
export function onDemand<P extends object>(name: string, load: () => Promise<ComponentType<P>>): ComponentType<P> {
  return function OnDemand(props: P) {
    // In an object, because a component is a function, which would be called.
    const { value, problem, reload } = useLoad(name, async () => ({ Page: await load() }));
    if (value) return <value.Page {...props} />;
    return problem ? <Failure problem={problem} reload={() => void reload()} /> : <Waiting what="Loading the page" />;
  };
}
