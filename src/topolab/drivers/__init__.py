"""The load drivers: each turns a load profile and a target into a `Measurement`.

Every driver is a package here with a `__main__`: a worker process in the workplace that reads jobs and writes events by
the lines of `protocol`. `worker` is what the workers have in common, `client` is the lab's side of them all.
"""
