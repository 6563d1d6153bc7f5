package jwtauth

// Resize lets a test fill the memory without signing 20,000 tokens.
func (v *Verifier) Resize(tokens int) { v.cache.Resize(tokens) }
