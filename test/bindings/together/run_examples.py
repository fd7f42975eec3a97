"""Runs several apps in one process, because each import of aws_cdk takes eight seconds.

run_examples.py '{"<app>": "<directory of the cloud assembly>"}' prints the errors as JSON, by app. See outdir.js.
"""

import json
import os
import runpy
import sys
import traceback

root = os.getcwd()
errors = {}
for app, assembly in json.loads(sys.argv[1]).items():
    with open(os.environ["OUTDIR_FILE"], "w") as file:
        file.write(assembly)
    os.chdir(os.path.join(root, app))
    sys.path.insert(0, os.getcwd())
    try:
        runpy.run_path("app.py", run_name="__main__")
    except BaseException:  # An example that exits failed, too.
        errors[app] = traceback.format_exc()
    finally:
        sys.path.pop(0)
print(json.dumps(errors))
