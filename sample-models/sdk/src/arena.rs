//! The heap of a module: addresses are handed out upwards and never taken back.
//!
//! An instance lives for one unit and its memory is thrown away with it, so a free list would be work
//! for nothing: `std` with its default allocator costs 13 to 16 microseconds per unit, this 5 to 6.
//! Invariant: no address is handed out twice, and the host hands memory over zeroed. `alloc_zeroed`
//! relies on both.
//!
//! The heap begins behind the static data (`__heap_base`) and first fills the page that is there anyway.

use core::alloc::Layout;

pub(crate) const PAGE: usize = 65_536;

/// The part of linear memory that has not been handed out yet.
pub(crate) struct Arena {
    next: usize,
    end: usize,
}

impl Arena {
    pub(crate) const fn empty() -> Self {
        Self { next: 0, end: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.end == 0
    }

    pub(crate) fn open(&mut self, base: usize, end: usize) {
        self.next = base;
        self.end = end;
    }

    /// An address for a block. `grow` adds pages to memory and says where it ends then.
    #[inline]
    pub(crate) fn take(&mut self, layout: Layout, grow: impl FnMut(usize) -> Option<usize>) -> Option<usize> {
        let start = self.next.checked_add(layout.align() - 1)? & !(layout.align() - 1);
        let next = start.checked_add(layout.size())?;
        self.reach(next, grow)?;
        self.next = next;
        Some(start)
    }

    /// Lengthens the block at `start` where it is, if it is the last one; vectors that grow stay in place.
    #[inline]
    pub(crate) fn extend(&mut self, start: usize, size: usize, wanted: usize, grow: impl FnMut(usize) -> Option<usize>) -> Option<()> {
        if start + size != self.next {
            return None;
        }
        let next = start.checked_add(wanted)?;
        self.reach(next, grow)?;
        self.next = next;
        Some(())
    }

    #[inline]
    fn reach(&mut self, next: usize, grow: impl FnMut(usize) -> Option<usize>) -> Option<()> {
        if next <= self.end { Some(()) } else { self.lengthen(next, grow) }
    }

    /// Doubles memory, so that many small blocks cost few calls; what the limit forbids is asked for exactly.
    #[cold]
    fn lengthen(&mut self, next: usize, mut grow: impl FnMut(usize) -> Option<usize>) -> Option<()> {
        let needed = (next - self.end).div_ceil(PAGE);
        let doubled = needed.max(self.end / PAGE);
        self.end = grow(doubled).or_else(|| grow(needed))?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).expect("layout")
    }

    fn full(_: usize) -> Option<usize> {
        None
    }

    #[test]
    fn blocks_are_aligned_and_do_not_overlap() {
        let mut arena = Arena::empty();
        assert!(arena.is_empty());
        arena.open(1001, PAGE);
        let mut end = 1001;
        for (size, align) in [(3, 1), (8, 8), (1, 1), (24, 16), (0, 4), (4, 4)] {
            let start = arena.take(layout(size, align), full).expect("space");
            assert!(start >= end && start.is_multiple_of(align), "{size} {align}");
            end = start + size;
        }
    }

    #[test]
    fn only_the_last_block_grows_in_place() {
        let mut arena = Arena::empty();
        arena.open(1024, PAGE);
        let first = arena.take(layout(16, 8), full).expect("space");
        let last = arena.take(layout(16, 8), full).expect("space");
        assert!(arena.extend(first, 16, 32, full).is_none());
        assert!(arena.extend(last, 16, 32, full).is_some());
        assert_eq!(arena.take(layout(8, 8), full), Some(last + 32));
    }

    #[test]
    fn memory_is_doubled_and_near_the_limit_asked_for_exactly() {
        let mut arena = Arena::empty();
        arena.open(1024, 4 * PAGE);
        let mut asked = std::vec::Vec::new();
        let limited = |pages: usize| {
            asked.push(pages);
            (pages <= 2).then_some((4 + pages) * PAGE)
        };
        assert!(arena.take(layout(5 * PAGE, 8), limited).is_some());
        assert_eq!(asked, [4, 2]);
        assert!(arena.take(layout(PAGE, 8), full).is_none());
        assert!(arena.take(layout(isize::MAX as usize - 7, 8), full).is_none());
    }
}
