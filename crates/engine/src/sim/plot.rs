//! What is to happen in an execution: the squad, its limits, and which turns the story takes.

use super::disk::Files;
use super::random::Random;
use squad_domain::execution::ExecutionSpec;
use squad_domain::execution::spec::ExecutionLimits;
use squad_domain::member::Member;
use squad_domain::model::{ModelRef, ModelSettings, Price, RoutingProfile};
use squad_domain::money::MicroUsd;
use squad_domain::role::Role;
use squad_domain::squad::ApprovalPolicy;
use squad_domain::task::Task;

/// How many plots there are. Each is played undisturbed once, to know how it ends.
pub(super) const PLOTS: u64 = 56;
/// Those in which anything may be; the rest are about money: everybody has a budget, and works beside others.
pub(super) const ANY: u64 = 48;

const FIVE: &[(&str, Role)] = &[
    ("Pia", Role::ProjectManager),
    ("Tom", Role::TechLead),
    ("Bea", Role::BackendDeveloper),
    ("Fay", Role::FrontendDeveloper),
    ("Quinn", Role::QaTester),
];
const TWO: &[(&str, Role)] = &[("Tom", Role::TechLead), ("Bea", Role::BackendDeveloper)];
const SOLO: &[(&str, Role)] = &[("Sam", Role::BackendDeveloper)];

/// Where the test command comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TestCommandFrom {
    Person,
    Repository,
    Plan,
    Question,
}

/// The turns of a story.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    squad: &'static [(&'static str, Role)],
    pub(super) tests: TestCommandFrom,
    /// Two sub-tasks change the same line.
    pub(super) conflict: bool,
    /// The reviewer of the first sub-task wants something changed.
    pub(super) changes: bool,
    /// The merged whole fails its tests at first.
    pub(super) tests_fail: bool,
    /// The review of the whole asks for changes at first.
    pub(super) whole_changes: bool,
    /// The tester reports a failure at first.
    pub(super) report_fails: bool,
    /// The tester adds tests.
    pub(super) adds_tests: bool,
    /// A member asks a teammate.
    pub(super) teammate: bool,
    /// Members ask a person.
    pub(super) human: bool,
    /// The analysis leaves questions open.
    pub(super) questions: bool,
    /// The person rejects the first plan.
    pub(super) rejects: bool,
    /// A member runs in circles.
    pub(super) circles: bool,
    /// A member talks without doing anything, or calls what is not there.
    pub(super) babbles: bool,
    /// Several calls in one reply.
    pub(super) at_once: bool,
    /// Conversations are longer than what a model is sent.
    pub(super) condense: bool,
    /// A model says itself that it got too much.
    pub(super) too_long: bool,
    /// The execution's budget is not enough.
    budget: bool,
    /// A member's budget is not enough.
    member_budget: bool,
    /// Nobody's is.
    purses: bool,
    approval: ApprovalPolicy,
    lanes: usize,
}

impl Plot {
    pub(super) fn new(number: u64) -> Self {
        let mut random = Random::new(0x5eed_0000 + number);
        let mut turn = |per_mille: u64| random.per_mille(per_mille);
        let mut plot = Self {
            squad: FIVE,
            tests: TestCommandFrom::Person,
            conflict: turn(500),
            changes: turn(400),
            tests_fail: turn(400),
            whole_changes: turn(250),
            report_fails: turn(250),
            adds_tests: turn(400),
            teammate: turn(400),
            human: turn(300),
            questions: turn(300),
            rejects: turn(250),
            circles: turn(250),
            babbles: turn(250),
            at_once: turn(500),
            condense: turn(250),
            too_long: turn(150),
            budget: turn(300),
            member_budget: turn(250),
            purses: false,
            approval: ApprovalPolicy::Never,
            lanes: 4,
        };
        plot.squad = *random.pick::<&[(&str, Role)]>(&[FIVE, FIVE, FIVE, TWO, SOLO]);
        plot.approval =
            *random.pick(&[ApprovalPolicy::Always, ApprovalPolicy::Never, ApprovalPolicy::OverBudget]);
        plot.lanes = *random.pick(&[1, 2, 4, 4]);
        plot.tests = *random.pick(&[
            TestCommandFrom::Person,
            TestCommandFrom::Repository,
            TestCommandFrom::Plan,
            TestCommandFrom::Question,
        ]);
        if number >= ANY {
            plot = Self { squad: FIVE, lanes: 4, budget: true, purses: true, ..plot };
        }
        plot
    }

    /// The roles, for those who write plans and questions.
    pub(super) fn has(&self, role: Role) -> bool {
        self.squad.iter().any(|(_, member)| *member == role)
    }

    pub(super) fn spec(&self) -> ExecutionSpec {
        let mut spec = squad_testkit::spec();
        spec.task = Task::from_text("Let the cart count");
        spec.squad.members = self.squad.iter().map(|(name, role)| Member::new(name, *role)).collect();
        if self.member_budget
            && let Some(member) = spec.squad.members.iter_mut().find(|member| member.role.is_developer())
        {
            member.budget = Some(usd(300_000));
        }
        if self.purses {
            spec.squad.members.iter_mut().for_each(|member| member.budget = Some(usd(160_000)));
        }
        let paid = self.budget || self.member_budget;
        spec.models = models(paid);
        spec.budget = self.budget.then(|| usd(700_000));
        spec.approval = self.approval;
        spec.test_command = (self.tests == TestCommandFrom::Person).then(|| "check".to_owned());
        spec.limits = ExecutionLimits { parallel_lanes: self.lanes, ..ExecutionLimits::default() };
        if self.condense {
            spec.limits.context_bytes = 9_000;
        }
        spec
    }

    /// The limit that a person sets where a budget of that limit refused a call; of this execution, or of a member.
    pub(super) fn raised(&self, own: bool, limit: MicroUsd, used: MicroUsd, needed: MicroUsd) -> MicroUsd {
        match (self.purses, own) {
            (false, _) => limit + needed + usd(400_000),
            // Enough for a few calls, so that budgets refuse again and again.
            (true, false) => used + needed + usd(30_000),
            (true, true) => used + needed + usd(150_000),
        }
    }

    /// The repository.
    pub(super) fn files(&self) -> Files {
        let file = |(path, text): (&str, String)| (path.to_owned(), text);
        let big: String = (0..60).map(|n| format!("line {n} of what is long\n")).collect();
        [
            ("big.txt", big),
            ("shared.txt", "base\n".to_owned()),
            ("src/a.txt", "a\n".to_owned()),
            ("src/b.txt", "b\n".to_owned()),
            ("tests/run.txt", "check\n".to_owned()),
        ]
        .map(file)
        .into()
    }
}

fn usd(micros: u64) -> MicroUsd {
    MicroUsd::from_micros(micros)
}

/// Three models of one provider; the second is asked where the first one fails, the third where a lane is in circles.
fn models(paid: bool) -> ModelSettings {
    let model = |name: &str| ModelRef { provider: "scripted".into(), model: name.into() };
    let price = if paid {
        Price { input: usd(3_000_000), output: usd(15_000_000), ..Price::FREE }
    } else {
        Price::FREE
    };
    let profile = RoutingProfile {
        default: vec![model("big"), model("small")],
        escalation: vec![model("huge")],
        ..RoutingProfile::default()
    };
    let prices = ["big", "small", "huge"].map(|name| (model(name), price)).into();
    ModelSettings { profile, prices, ..ModelSettings::default() }
}
