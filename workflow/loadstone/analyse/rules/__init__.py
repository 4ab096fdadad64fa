"""The rules of the verdict, from the signals of a run: each accuser with what clears it.

For each resource the rules ask for its utilisation, its saturation and its errors (Gregg, Systems Performance, 2nd
edition 2020, section 2.5.9, the USE method), and for each thread what it waits for (section 2.5.10, thread states).

    resources    the machine's and the processes' CPUs, slots, links: how full they are
    machine      who used the CPUs: server, generator, both together, or others
    blocking     requests that wait inside the server, while CPUs are free: locks, pools, disks, servers behind it
    connections  requests that wait before the server, or are not served alike
    load         users and arrivals that ask for no more
    soundness    figures that can't be used
    places       where the requests in progress are
    figures      the evidence; leads, wording: the sentences; advice: what to do next

A rule that names the server needs every signal that could clear it. A missing signal never makes a verdict.
"""
