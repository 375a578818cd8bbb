"""From files to splits.

    sources (files → rows) → decide (kind, form of outputs) → split → scaffold (writes the task)

An Account goes along: rows in = kept + merged + set aside, and every decision. Then check, leaks, nearness and refresh
work on the splits that stand in golden/<task>.
"""
