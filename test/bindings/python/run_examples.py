"""Synthesizes several examples in one process, because each import of aws_cdk takes eight seconds.

run_examples.py '{"<example>": "<directory of the cloud assembly>"}' prints the errors as JSON, by example.
"""

import json
import os
import runpy
import sys
import traceback

import aws_cdk

original_init = aws_cdk.App.__init__
assembly = None


def init(self, **props):
    # The CDK's command line passes the directory in an environment variable, which the kernel of jsii reads once.
    original_init(self, **{"outdir": assembly, **props})


aws_cdk.App.__init__ = init
root = os.getcwd()
errors = {}
for example, assembly in json.loads(sys.argv[1]).items():
    os.chdir(os.path.join(root, example))
    sys.path.insert(0, os.getcwd())
    try:
        runpy.run_path("app.py", run_name="__main__")
    except BaseException:  # An example that exits failed, too.
        errors[example] = traceback.format_exc()
    finally:
        sys.path.pop(0)
print(json.dumps(errors))
