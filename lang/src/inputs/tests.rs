//! Tests of input values: where they come from, and what is refused.
