//! The HTTP edge: turns API Gateway's event into a [`Request`] and a [`HandlerResult`] into a [`Response`],
//! and logs and measures each request. A handler sees neither the event nor the log.

mod body;
mod caller;
mod csv;
mod form;
mod origin;
mod problem;
mod refusal;
mod request;
mod response;
mod serve;
mod view;

pub use body::{MOST_ROWS, Object, SeenInvite, check_rows, text_cell};
pub use caller::{Caller, Manager, Tokens, authorize_deal, authorize_deal_id};
pub use csv::csv;
pub use origin::Origin;
pub use problem::Problem;
pub use request::{Event, Request};
pub use response::{HandlerResult, Response, json, no_content, see_other, with_etag};
pub use serve::{App, TO_ANSWER, answer, run, serve};
pub use view::{InviteView, RowResult, deal_summary, deal_view, seats_view, summary};
