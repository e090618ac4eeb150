"""Who gets which lead, exactly. Pure: arrays in, arrays out; no Django, no clock.

problem.py   what is asked: classes of equal leads, and the seats of the clients that want them
leads.py     from single leads to pairs: where callers come in
solve.py     from classes to how many leads go from where to whom
pools.py     the problem in one order, whatever order it came in; equal classes become one pool
network.py   pools and seats as a network in which leads flow
targets.py   what each client should get if nothing stood in the way
decompose.py what each client does get: the network is cut until every part meets its target
portions.py  the leads of a pool by who has drafts for them
keeping.py   which pool serves which client, so that as many drafts as possible are used
deal.py      which lead goes to which client
domains.py   at most so many leads of one company for a client
flow.py      the only door to OR-Tools

Imported by what allocates and by nothing else: OR-Tools is loaded at the first solve.
"""
