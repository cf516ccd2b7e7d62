"""Mathematics: other people's problem sets, read, turned into checked solutions, rewritten and graded."""
