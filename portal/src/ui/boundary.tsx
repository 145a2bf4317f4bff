import { Component, type ComponentChildren } from "preact";
import { Heading } from "./frame";
import { Notice } from "./status";

/** Shows a way on if the code of a page fails. */
export class Boundary extends Component<{ children: ComponentChildren }, { failed: boolean }> {
  override state = { failed: false };

  override componentDidCatch(error: unknown) {
    console.error(error);
    this.setState({ failed: true });
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <>
        <Heading title="Something went wrong">Something went wrong</Heading>
        <Notice tone="bad">
          <p>This page could not be shown. Reload it. If that does not help, tell the team that runs this site.</p>
          <button type="button" class="small" onClick={() => location.reload()}>
            Reload the page
          </button>
        </Notice>
      </>
    );
  }
}
