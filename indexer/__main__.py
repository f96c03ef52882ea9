"""``python -m indexer``."""

import sys

from indexer.sync import spare

if sys.argv[1:] in ([], ["run"]):
    spare.prepare()

from indexer.main import main  # its imports take a second, in which the helper makes its own

sys.exit(main())
