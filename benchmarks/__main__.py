"""Run all benchmarks, as `make bench` does: about five minutes. Run nothing else on the machine meanwhile."""

from benchmarks import api, decisions, pipeline, recorder, sampling

if __name__ == "__main__":
    pipeline.main()
    api.main()
    recorder.main()
    sampling.main()
    decisions.main()
