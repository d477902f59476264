"""A stateful Bling and Kamino over real HTTP, for the demo, the tests and the benchmarks. It knows no Django."""
