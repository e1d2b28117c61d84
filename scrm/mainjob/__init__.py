"""The main job: drive the running system from outside, over HTTP, as its users do, and check that the numbers add up.

`people` are customers on the simulated phones and in the mini-program, `office` the staff in the browser, `story` the
order of things, `tally` what must come out. Nothing here touches the database.
"""
