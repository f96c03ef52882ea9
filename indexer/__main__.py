"""``python -m indexer``."""

import sys

from indexer.main import main

sys.exit(main())
