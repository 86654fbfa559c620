"""The load drivers: each turns a load profile and a target into a `Measurement`.

Every driver is a package here with a `__main__`: a worker process in the workplace that reads jobs and writes events as
lines defined in `protocol`. `worker` is what all workers share; `load_workers` is the harness's side.
"""
