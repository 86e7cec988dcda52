"""For spark-submit, which takes a file: spark-submit screen.py INPUT OUTPUT. See docs/cluster.md."""

import sys

from bonafide._spark_command import main

sys.exit(main())
