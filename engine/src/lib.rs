//! Refresh, diff, order, plan, apply, phases, recovery, drift, import
