"""The search for the best prompt: shot sets, their order and instructions, scored on train."""
