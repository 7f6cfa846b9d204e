//! Events to addresses of others, signed as the Standard Webhooks specification says, tried again for about a day, and
//! never sent to an address inside the house: the name is looked up once, every address of it is judged, and the
//! connection goes to what was judged and nowhere else.

mod address;
mod deliver;
mod event;
mod request;
mod resolve;
mod secret;
mod target;

pub use deliver::WebhookHandler;
pub use event::enqueue_event;
pub use resolve::{Resolver, SystemResolver};
pub use secret::{SecretError, open_secret, seal_secret};
pub use target::{Policy, TargetError, check_url};
