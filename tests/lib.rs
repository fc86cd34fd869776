//! The house as a whole: its laws, its flows, its faults. All of it is in the one test binary `it`.
