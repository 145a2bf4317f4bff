/** The entry of the page that a mail's link opens. */
import "../style.css";
import "./accept.css";
import { render } from "preact";
import { AcceptPage } from "./accept";
import { takeToken } from "./token";

// Before anything is asked for or shown: nothing that this page loads or opens may see the token in the address.
takeToken();
addEventListener("hashchange", takeToken);
render(<AcceptPage />, document.getElementById("app")!);
