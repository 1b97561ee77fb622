// SPDX-License-Identifier: GPL-2.0-only
//
// Flows: conversations by number, wherever they are kept. A reference to one is valid until another
// one is asked for. A view: what keeps them outlives it.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

#include "forensics/analysis/flow.h"

namespace forensics {

class Flows {
  public:
    using At = std::function<const Flow&(size_t number)>;

    Flows(size_t size, At at) : size_(size), at_(std::move(at)) {}
    Flows(const std::deque<Flow>& flows)
        : Flows(flows.size(), [&flows](size_t number) -> const Flow& { return flows[number]; }) {}

    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const Flow& operator[](size_t number) const { return at_(number); }
    const Flow& front() const { return at_(0); }
    const Flow& back() const { return at_(size_ - 1); }

    class Iterator {
      public:
        Iterator(const Flows* flows, size_t number) : flows_(flows), number_(number) {}
        const Flow& operator*() const { return (*flows_)[number_]; }
        Iterator& operator++() {
            ++number_;
            return *this;
        }
        bool operator!=(const Iterator& other) const { return number_ != other.number_; }

      private:
        const Flows* flows_;
        size_t number_;
    };
    Iterator begin() const { return {this, 0}; }
    Iterator end() const { return {this, size_}; }

  private:
    size_t size_;
    At at_;
};

}  // namespace forensics
