/** The entry point of the page that an invite's link opens. */
import "../style.css";
import "./accept.css";
import { render } from "preact";
import { leaveTogether, showPresence } from "../session";
import { AcceptPage } from "./accept";
import { takeToken } from "./token";

// Before any request or rendering: nothing that this page loads may see the token in the address.
takeToken();
addEventListener("hashchange", takeToken);
leaveTogether();
showPresence();
render(<AcceptPage />, document.getElementById("app")!);
