//! The Formwork language: source text to checked program to resource graph; formatter, overlays, standard functions
