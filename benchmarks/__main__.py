"""Run all benchmarks: `make bench`. Takes about five minutes; leave the machine alone meanwhile."""

from benchmarks import api, pipeline, recorder

if __name__ == "__main__":
    pipeline.main()
    api.main()
    recorder.main()
