"""The library: what `import hushbeam` gives. docs/library.md shows it; `hushbeam/__init__.py` lists the names."""

import warnings

# Libraries import tqdm, which then asks notebooks for widgets that none of their bars uses.
warnings.filterwarnings("ignore", message="IProgress not found")
