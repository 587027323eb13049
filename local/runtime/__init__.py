"""AWS Lambda, locally: pools of `awslambdaric` worker processes behind `functions.Lambda`."""
