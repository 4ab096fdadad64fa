"""A suite to which tests add hypotheses."""

from collections.abc import Callable
from pathlib import Path

WriteSuite = Callable[[str], Path]

SUITE = """
experiments: {a: {}, b: {load: {mix: {get_album: 1}}}}
sweeps:
  few: {vary: server.albums, values: [10, 1000, 10000], load: {users: 2, spawn_rate: 2}}
  many: {vary: server.albums, values: [10, 1000, 10000], load: {users: 20}}
  dicts: {vary: server.albums, values: [10, 1000, 10000], server: {store: dict}}
  two: {vary: server.albums, values: [10, 1000]}
  lone: {vary: server.albums, values: [10000], load: {users: 20}}
  stores: {vary: server.store, values: [list, dict]}
  threads: {vary: server.threads, values: [1, 2]}
  users: {vary: load.users, values: [20, 40]}
published: {table: table.csv, rows: {a: x}}
"""
TABLE = "row,rps,get_albums_avg_ms,post_albums_avg_ms,aggregated_avg_ms\nx,1,2,3,4\n"
