//! What can go wrong around an execution. What goes wrong inside of one is an event.

use squad_domain::execution::ApplyError;
use squad_domain::ids::{ExecutionId, MemberName};
use squad_domain::model::ModelRef;
use squad_domain::question::UnfitAnswer;
use squad_domain::squad::SquadError;
use squad_storage::StorageError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// There is no such execution.
    #[error("there is no execution `{0}`; `squad list` shows those there are")]
    NotFound(ExecutionId),
    /// The log cannot be folded: it was damaged, or written by a newer version.
    #[error(
        "the log of execution `{id}` cannot be read: {source}; it may come from a newer version of squad"
    )]
    BrokenLog {
        /// Which execution.
        id: ExecutionId,
        /// Why.
        source: ApplyError,
    },
    /// Another worker has it.
    #[error("execution `{id}` is being worked on by `{worker}`; watch it with `squad watch {short}`", short = .id.short())]
    Held {
        /// Which execution.
        id: ExecutionId,
        /// By whom.
        worker: String,
    },
    /// The sandbox here is weaker than the one that the execution was started with.
    #[error("execution `{id}` asks for the sandbox `{asked}`, and this worker has `{here}`; start a worker with `SQUAD_SANDBOX={asked}`", id = .id.short())]
    WeakerSandbox {
        /// Which execution.
        id: ExecutionId,
        /// What it asks for.
        asked: String,
        /// What is here.
        here: String,
    },
    /// The lease was lost: another worker has taken over. Nothing more was written.
    #[error("another worker has taken over execution `{0}`")]
    LeaseLost(ExecutionId),
    /// The execution has ended.
    #[error("execution `{id}` is {status}; it takes no more input", id = .id.short())]
    Ended {
        /// Which execution.
        id: ExecutionId,
        /// How it ended.
        status: &'static str,
    },
    /// There is no such question, or it is answered.
    #[error("execution `{id}` has no open question `{question}`; open are: {open}", id = .id.short())]
    NoSuchQuestion {
        /// Which execution.
        id: ExecutionId,
        /// The question asked about.
        question: String,
        /// Those that are open.
        open: String,
    },
    /// The answer does not fit the question.
    #[error(transparent)]
    UnfitAnswer(#[from] UnfitAnswer),
    /// There is no such member.
    #[error("nobody called `{name}` is in the squad; its members are {members}")]
    NoSuchMember {
        /// The name asked for.
        name: String,
        /// Those that are there.
        members: String,
    },
    /// The squad cannot work.
    #[error(transparent)]
    Squad(#[from] SquadError),
    /// A member cannot work as configured.
    #[error("member `{name}`: {problem}")]
    Member {
        /// Who.
        name: MemberName,
        /// Why.
        problem: String,
    },
    /// The models cannot be used as configured.
    #[error("{0}")]
    Models(String),
    /// A model whose price nobody knows.
    #[error(
        "the price of `{0}` is not known, so no budget could hold it; give it with `--price <input>/<output>` in US dollars per million tokens (`0/0` says that it is free), or under `prices` in `squad.toml`"
    )]
    UnknownPrice(ModelRef),
    /// The repository cannot be read.
    #[error("{0}")]
    Repository(String),
    /// A file of ours.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: String,
        /// What the system said.
        source: std::io::Error,
    },
}
