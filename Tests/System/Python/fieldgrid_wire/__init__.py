"""A second implementation of the wire, written from schemas/wire/grammar.md alone.

It shares no line with the Swift sources: where the two disagree, the grammar is wrong or one of
them is. Decoded messages are plain dictionaries, lists, texts and integers, so that they can be
compared with the JSON beside each vector.
"""
