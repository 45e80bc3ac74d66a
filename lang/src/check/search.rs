//! Strongly connected groups of a graph.

/// Tarjan's search for strongly connected groups, without recursion (chains are long).
pub(crate) struct Search {
    index: Vec<u32>,
    low: Vec<u32>,
    on_stack: Vec<bool>,
    stack: Vec<u32>,
    work: Vec<(u32, usize)>,
    next: u32,
}

impl Search {
    /// A search over so many nodes.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            index: vec![u32::MAX; count],
            low: vec![0; count],
            on_stack: vec![false; count],
            stack: Vec::new(),
            work: Vec::new(),
            next: 0,
        }
    }

    fn get(table: &[u32], node: u32) -> u32 {
        table.get(node as usize).copied().unwrap_or(0)
    }

    fn lower(&mut self, node: u32, candidate: u32) {
        if let Some(low) = self.low.get_mut(node as usize) {
            *low = (*low).min(candidate);
        }
    }

    fn enter(&mut self, node: u32) {
        let position = node as usize;
        if let (Some(index), Some(low), Some(on_stack)) =
            (self.index.get_mut(position), self.low.get_mut(position), self.on_stack.get_mut(position))
        {
            *index = self.next;
            *low = self.next;
            *on_stack = true;
        }
        self.next += 1;
        self.stack.push(node);
        self.work.push((node, 0));
    }

    /// Searches from `root`; `edge` gives a node's targets by position. Tells `found` each group, those that it leads to first.
    pub(crate) fn run(&mut self, root: u32, edge: impl Fn(u32, usize) -> Option<u32>, found: &mut dyn FnMut(&[u32])) {
        if Self::get(&self.index, root) != u32::MAX {
            return;
        }
        self.enter(root);
        while let Some((node, position)) = self.work.last_mut() {
            let node = *node;
            let target = edge(node, *position);
            *position += 1;
            match target {
                Some(target) if Self::get(&self.index, target) == u32::MAX => self.enter(target),
                Some(target) if self.on_stack.get(target as usize).copied().unwrap_or(false) => {
                    self.lower(node, Self::get(&self.index, target));
                }
                Some(_) => {}
                None => self.leave(node, found),
            }
        }
    }

    fn leave(&mut self, node: u32, found: &mut dyn FnMut(&[u32])) {
        self.work.pop();
        let low = Self::get(&self.low, node);
        if let Some((parent, _)) = self.work.last() {
            self.lower(*parent, low);
        }
        if low == Self::get(&self.index, node) {
            let start = self.stack.iter().rposition(|member| *member == node).unwrap_or(0);
            for member in self.stack.get(start..).unwrap_or(&[]) {
                if let Some(flag) = self.on_stack.get_mut(*member as usize) {
                    *flag = false;
                }
            }
            found(self.stack.get(start..).unwrap_or(&[]));
            self.stack.truncate(start);
        }
    }
}
