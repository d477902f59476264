"""Words: what a code says to a person. One table per kind of code: name, sentence, what to do, colour, worklist.

Sentences are made when they are shown, in the language of who reads them; only codes and parameters are stored."""
