//! One member's turn: prompts, context, condensing, tools and the loop guard.
