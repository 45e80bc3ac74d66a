//! Whole-program tests as data, crash tests, oracles, tidiness checks.
