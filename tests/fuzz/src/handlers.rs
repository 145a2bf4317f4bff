//! The handlers of the functions' binaries, from their own source files.

#[path = "../../../functions/accept-invite/src/handler.rs"]
pub(crate) mod accept_invite;
#[path = "../../../functions/answer-invite/src/handler.rs"]
pub(crate) mod answer_invite;
#[path = "../../../functions/deal-seats/src/handler.rs"]
pub(crate) mod deal_seats;
#[path = "../../../functions/manage-deals/src/handler.rs"]
pub(crate) mod manage_deals;
#[path = "../../../functions/release-seat/src/handler.rs"]
pub(crate) mod release_seat;
#[path = "../../../functions/resend-invite/src/handler.rs"]
pub(crate) mod resend_invite;
#[path = "../../../functions/send-invites/src/handler.rs"]
pub(crate) mod send_invites;
